//! Certificates over real sockets: who is believed, who is refused, and from when on
//! (contract 1.1, 1.3, S1, S2, S8, S10).

use std::{path::Path, sync::Arc, time::Duration};

use rcgen::DnType;
use registry::ids::ClientId;
use rustls::{ClientConfig, pki_types::ServerName};
use server::{App, Client, ClientMap, Clients, Tls, TlsFiles, TlsVersion, Watched, serve};
use time::OffsetDateTime;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::app::{TestApp, other, settings};

mod authority;

use authority::{Authority, Identity, self_signed, write};

/// A registry on TLS, the CA of its clients, and the folder that both are in.
struct Secured {
    address: std::net::SocketAddr,
    ca: Authority,
    folder: tempfile::TempDir,
    tls: Tls,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Secured {
    async fn start() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut server::ServerSettings)) -> Self {
        Self::on(TestApp::start().await.pipeline, change).await
    }

    async fn on(
        pipeline: pipeline::Pipeline,
        change: impl FnOnce(&mut server::ServerSettings),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ca = Authority::new("Clients of the test");
        install(folder.path(), &ca.server(1));
        write(folder.path(), "ca.pem", &ca.pem);
        write(folder.path(), "revoked.pem", &ca.revoke(&[]));
        let tls = Tls::load(files(folder.path())).unwrap();
        let mut settings = settings();
        settings.tls = Some(tls.clone());
        change(&mut settings);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let app = App::new(pipeline, settings);
        let task = tokio::spawn(serve(listener, app, async {
            let _ = stopped.await;
        }));
        Self { address, ca, folder, tls, stop, task }
    }

    async fn connect(&self, config: Arc<ClientConfig>) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.address).await?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(config).connect(name, stream).await
    }

    /// One request of somebody with that certificate: its status and its body.
    async fn ask(&self, identity: Option<&Identity>, headers: &str) -> (u16, String) {
        let mut stream = self.connect(self.ca.client_config(identity)).await.unwrap();
        request(&mut stream, "/fhir/Patient", headers).await
    }
}

fn files(folder: &Path) -> TlsFiles {
    TlsFiles {
        certificate: folder.join("server.pem"),
        key: folder.join("server.key"),
        client_ca: Some(folder.join("ca.pem")),
        revoked: Some(folder.join("revoked.pem")),
        oldest: TlsVersion::V12,
    }
}

fn install(folder: &Path, server: &Identity) {
    write(folder, "server.key", &server.key_pem);
    write(folder, "server.pem", &server.pem);
}

/// Asks on a connection that stays open.
async fn request(stream: &mut TlsStream<TcpStream>, path: &str, headers: &str) -> (u16, String) {
    let head = format!("GET {path} HTTP/1.1\r\nHost: registry.test\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    loop {
        assert!(stream.read_buf(&mut answer).await.unwrap() > 0, "the connection stays open");
        let text = String::from_utf8_lossy(&answer).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().unwrap())
        });
        if body.len() >= length.unwrap_or(0) {
            return (head[9..12].parse().unwrap(), body.to_owned());
        }
    }
}

fn check_refused(answer: &(u16, String), status: u16, words: &str) {
    assert_eq!(answer.0, status, "{answer:?}");
    assert!(answer.1.contains("OperationOutcome") && answer.1.contains(words), "{answer:?}");
}

const LIMS: &str = "X-OpenHIM-ClientID: lims\r\n";

#[tokio::test]
async fn certificate_of_the_ca_names_its_client() {
    let server = Secured::start().await;
    let (status, body) = server.ask(Some(&server.ca.client("openmrs", 2)), "").await;
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("https://registry.test/fhir"), "links say https: {body}");
    let both = [&rustls::version::TLS12, &rustls::version::TLS13];
    for version in both {
        let identity = server.ca.client("openmrs", 2);
        let config = server.ca.client_speaking(Some(&identity), &[version]);
        let mut stream = server.connect(config).await.unwrap();
        assert_eq!(request(&mut stream, "/fhir/Patient", "").await.0, 200);
    }
}

#[tokio::test]
async fn no_certificate_is_no_proof_and_no_fault() {
    let server = Secured::start().await;
    check_refused(&server.ask(None, "").await, 401, "login");
    let mut stream = server.connect(server.ca.client_config(None)).await.unwrap();
    assert_eq!(request(&mut stream, "/healthz", "").await.0, 200);
}

#[tokio::test]
async fn certificate_that_is_not_good_is_refused_everywhere() {
    let server = Secured::start().await;
    let ca = &server.ca;
    let now = OffsetDateTime::now_utc();
    let day = time::Duration::days(1);
    for (identity, status, words) in [
        (Authority::new("Clients of the test").client("openmrs", 2), 403, "did not sign"),
        (self_signed("openmrs"), 403, "did not sign"),
        (ca.client_with(3, |it| it.not_after = now - day), 403, "is over"),
        (ca.client_with(4, |it| it.not_before = now + day), 403, "has not begun"),
        (ca.client_with(5, |it| _ = it.distinguished_name.remove(DnType::CommonName)), 400, "CN"),
        (ca.client_with(6, |it| it.distinguished_name.push(DnType::CommonName, "")), 400, "CN"),
        (ca.server(7), 403, "not meant for clients"),
    ] {
        let answer = server.ask(Some(&identity), "").await;
        check_refused(&answer, status, words);
        let config = ca.client_config(Some(&identity));
        let mut stream = server.connect(config).await.unwrap();
        let open = request(&mut stream, "/healthz", LIMS).await;
        assert_eq!(open.0, status, "{words}: not even where nobody is asked");
    }
}

#[tokio::test]
async fn unknown_and_disabled_clients_are_refused() {
    let server = Secured::with(|settings| {
        let client = |is_disabled| Client { is_disabled, ..Client::default() };
        let clients = [("openmrs", false), ("lims", true)];
        let clients = clients.map(|(id, is_disabled)| (ClientId::new(id), client(is_disabled)));
        settings.clients = Clients::new(ClientMap::from(clients));
    })
    .await;
    let ask = async |name: &str| server.ask(Some(&server.ca.client(name, 2)), "").await;
    assert_eq!(ask("openmrs").await.0, 200);
    check_refused(&ask("lims").await, 403, "disabled");
    check_refused(&ask("stranger").await, 403, "not one of the registry");
}

#[tokio::test]
async fn s8_server_certificate_is_no_ca_of_clients() {
    let folder = tempfile::tempdir().unwrap();
    let ca = Authority::new("Clients of the test");
    let own = ca.server(1);
    install(folder.path(), &own);
    write(folder.path(), "ca.pem", &own.pem);
    let mut files = files(folder.path());
    files.revoked = None;
    let error = Tls::load(files.clone()).unwrap_err().to_string();
    assert!(error.contains("the server's own certificate"), "{error}");
    write(folder.path(), "ca.pem", &ca.client("openmrs", 2).pem);
    let error = Tls::load(files).unwrap_err().to_string();
    assert!(error.contains("not a CA"), "{error}");
}

#[tokio::test]
async fn s8_holder_of_the_server_key_is_no_client() {
    let server = Secured::start().await;
    let own = server.ca.server(8);
    install(server.folder.path(), &own);
    let forged = Authority::of(&own, "localhost").client("openmrs", 9);
    check_refused(&server.ask(Some(&forged), "").await, 403, "did not sign");
    check_refused(&server.ask(Some(&own), "").await, 403, "did not sign");
}

#[tokio::test]
async fn revocation_counts_at_the_next_request_of_an_open_connection() {
    let server = Secured::start().await;
    let identity = server.ca.client("openmrs", 2);
    let mut stream = server.connect(server.ca.client_config(Some(&identity))).await.unwrap();
    assert_eq!(request(&mut stream, "/fhir/Patient", "").await.0, 200);
    write(server.folder.path(), "revoked.pem", &server.ca.revoke(&[identity.serial, 77]));
    check_refused(&request(&mut stream, "/fhir/Patient", "").await, 403, "is revoked");
    let other = server.ca.client("openmrs", 3);
    assert_eq!(server.ask(Some(&other), "").await.0, 200, "another of the same client is good");
}

#[tokio::test]
async fn header_says_nothing_on_tls_unless_a_gateway_sends_it() {
    let server = Secured::with(|settings| {
        settings.gateway_names = vec!["openhim".to_owned()];
        settings.clients = [(ClientId::new("openmrs"), String::new())].into_iter().collect();
    })
    .await;
    let ca = &server.ca;
    check_refused(&server.ask(None, "X-OpenHIM-ClientID: openmrs\r\n").await, 401, "login");
    let client = ca.client("openmrs", 2);
    assert_eq!(server.ask(Some(&client), LIMS).await.0, 200, "it stays openmrs");
    let gateway = ca.client("openhim", 3);
    check_refused(&server.ask(Some(&gateway), LIMS).await, 403, "not one of the registry");
    check_refused(&server.ask(Some(&gateway), "").await, 403, "not one of the registry");
    let named = server.ask(Some(&gateway), "X-OpenHIM-ClientID: openmrs\r\n").await;
    assert_eq!(named.0, 200, "{named:?}");
    let twice = "X-OpenHIM-ClientID: openmrs\r\nX-OpenHIM-ClientID: lims\r\n";
    assert_eq!(server.ask(Some(&gateway), twice).await.0, 400);
}

#[tokio::test]
async fn gateway_by_address_is_believed_on_tls_without_a_certificate_only() {
    let server = Secured::with(|settings| {
        settings.gateways = vec!["127.0.0.1".parse().unwrap()];
        settings.clients = [(ClientId::new("lims"), String::new())].into_iter().collect();
    })
    .await;
    assert_eq!(server.ask(None, LIMS).await.0, 200);
    let other = server.ca.client("openmrs", 2);
    check_refused(&server.ask(Some(&other), LIMS).await, 403, "not one of the registry");
}

#[tokio::test]
async fn new_files_count_and_broken_ones_do_not() {
    let server = Secured::start().await;
    let folder = server.folder.path();
    let old = server.ca.client("openmrs", 2);
    write(folder, "ca.pem", "no certificate");
    server.tls.refresh();
    assert_eq!(server.ask(Some(&old), "").await.0, 200, "the old CA stays in force");
    let next = Authority::new("The next CA");
    write(folder, "ca.pem", &next.pem);
    write(folder, "revoked.pem", &next.revoke(&[]));
    install(folder, &next.server(1));
    server.tls.refresh();
    let client = next.client("openmrs", 2);
    let mut stream = server.connect(next.client_config(Some(&client))).await.unwrap();
    assert_eq!(request(&mut stream, "/fhir/Patient", "").await.0, 200);
    let before = next.client_config(Some(&old));
    let mut stream = server.connect(before).await.unwrap();
    check_refused(&request(&mut stream, "/fhir/Patient", "").await, 403, "did not sign");
    let untrusting = server.connect(server.ca.client_config(None)).await;
    assert!(untrusting.is_err(), "the server's certificate is the new one");
}

#[tokio::test]
async fn list_of_another_ca_is_refused() {
    let server = Secured::start().await;
    let other = Authority::new("Another");
    write(server.folder.path(), "revoked.pem", &other.revoke(&[2]));
    let error = Tls::load(files(server.folder.path())).unwrap_err().to_string();
    assert!(error.contains("not of the CA of clients"), "{error}");
    // Of the same name, but signed by somebody else: nothing can be known.
    let forged = Authority::new("Clients of the test");
    write(server.folder.path(), "revoked.pem", &forged.revoke(&[2]));
    let answer = server.ask(Some(&server.ca.client("openmrs", 3)), "").await;
    check_refused(&answer, 403, "cannot be known");
}

#[tokio::test]
async fn key_of_another_certificate_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let ca = Authority::new("Clients of the test");
    write(folder.path(), "server.pem", &ca.server(1).pem);
    write(folder.path(), "server.key", &ca.server(2).key_pem);
    write(folder.path(), "ca.pem", &ca.pem);
    write(folder.path(), "revoked.pem", &ca.revoke(&[]));
    assert!(Tls::load(files(folder.path())).is_err());
    write(folder.path(), "server.key", "SECRET");
    let error = Tls::load(files(folder.path())).unwrap_err().to_string();
    assert!(error.contains("no private key in PEM") && !error.contains("SECRET"), "{error}");
}

#[tokio::test]
async fn tls_1_1_and_plain_http_are_not_spoken() {
    let server = Secured::start().await;
    // A ClientHello of TLS 1.1 with one suite (RFC 4346 section 7.4.1.2).
    let mut hello = vec![0x16, 3, 2, 0, 45, 1, 0, 0, 41, 3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0, 0x2f, 1, 0]);
    for bytes in [hello, b"GET /fhir/Patient HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer));
        let _ = read.await.expect("the server hangs up");
        // An alert (0x15), or nothing; never a ServerHello (0x16) and never HTTP.
        assert!(answer.first().is_none_or(|kind| *kind == 0x15), "{answer:?}");
    }
}

#[tokio::test]
async fn slow_handshake_is_cut_off() {
    let server = Secured::with(|settings| {
        settings.header_timeout = Duration::from_millis(100);
        settings.connections_max = 1;
    })
    .await;
    let _mute = TcpStream::connect(server.address).await.unwrap();
    let answer = server.ask(Some(&server.ca.client("openmrs", 2)), "").await;
    assert_eq!(answer.0, 200, "its place is free again");
}

#[tokio::test]
async fn client_that_does_not_read_is_cut_off_on_tls_too() {
    let app = TestApp::start().await;
    let photo = serde_json::json!([{ "data": "A".repeat(9_000_000) }]);
    app.submit(other("Amina", "Okello", "1").resource_id("a").with("photo", photo)).await;
    let server = Secured::on(app.pipeline.clone(), |settings| {
        settings.write_timeout = Duration::from_millis(100);
        settings.connections_max = 1;
    })
    .await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = socket.connect(server.address).await.unwrap();
    let identity = server.ca.client("openmrs", 2);
    let connector = TlsConnector::from(server.ca.client_config(Some(&identity)));
    let name = ServerName::try_from("localhost").unwrap();
    let mut deaf = connector.connect(name, stream).await.unwrap();
    deaf.write_all(b"GET /fhir/Patient/a HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    deaf.flush().await.unwrap();
    assert_eq!(server.ask(Some(&identity), "").await.0, 200, "its place is free again");
}

#[tokio::test]
async fn stop_ends_connections_that_wait() {
    let server = Secured::start().await;
    let identity = server.ca.client("openmrs", 2);
    let mut idle = server.connect(server.ca.client_config(Some(&identity))).await.unwrap();
    assert_eq!(request(&mut idle, "/fhir/Patient", "").await.0, 200);
    server.stop.send(()).unwrap();
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty(), "closed in an orderly way");
    server.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn file_of_clients_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clients");
    std::fs::write(&file, "lims").unwrap();
    let read = file.clone();
    let load = move || {
        let text = std::fs::read_to_string(&read)?;
        let client = |is_disabled| Client { is_disabled, ..Client::default() };
        let one = |line: &str| match line.strip_prefix('-') {
            Some(id) => (ClientId::new(id), client(true)),
            None => (ClientId::new(line), client(false)),
        };
        Ok(text.lines().map(one).collect::<ClientMap>())
    };
    let watched = Watched::new("clients", vec![file.clone()], load).unwrap();
    let server = Secured::with(|settings| {
        settings.clients = std::mem::take(&mut settings.clients).with_file(watched);
    })
    .await;
    let ask = async |name: &str| server.ask(Some(&server.ca.client(name, 2)), "").await.0;
    assert_eq!((ask("openmrs").await, ask("new").await), (200, 403));
    std::fs::write(&file, "lims\nnew\n-openmrs").unwrap();
    assert_eq!((ask("openmrs").await, ask("new").await), (403, 200), "the file goes over");
}
