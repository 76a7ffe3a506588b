//! The real listener: peers, slow clients and the stop.

use std::time::Duration;

use server::{App, serve};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

use crate::app::{TestApp, other, settings};

struct Listening {
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

async fn listen(change: impl FnOnce(&mut server::ServerSettings)) -> Listening {
    listen_on(TestApp::start().await.pipeline, change).await
}

async fn listen_on(
    pipeline: pipeline::Pipeline,
    change: impl FnOnce(&mut server::ServerSettings),
) -> Listening {
    let mut settings = settings();
    settings.gateways = vec!["127.0.0.1".parse().unwrap()];
    change(&mut settings);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let app = App::new(pipeline, settings);
    let task = tokio::spawn(serve(listener, app, async {
        let _ = stopped.await;
    }));
    Listening { address, stop, task }
}

async fn read_all(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    stream.read_to_end(&mut text).await.unwrap();
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn request_over_a_socket_is_answered_and_the_stop_waits_for_it() {
    let server = listen(|_| {}).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let body = other("Amina", "Okello", "1").patient().to_string();
    let head = format!(
        "POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nX-OpenHIM-ClientID: openmrs\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The request is in flight: its head is there, its body is not.
    tokio::task::yield_now().await;
    let mut probe = TcpStream::connect(server.address).await.unwrap();
    probe
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    assert!(read_all(&mut probe).await.starts_with("HTTP/1.1 200"));
    server.stop.send(()).unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    let answer = read_all(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    server.task.await.unwrap().unwrap();
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn slow_header_is_cut_off() {
    let server = listen(|settings| settings.header_timeout = Duration::from_millis(50)).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost:").await.unwrap();
    assert!(!read_all(&mut stream).await.contains("200 OK"));
    server.stop.send(()).unwrap();
    server.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn slow_body_is_cut_off_with_an_answer() {
    let server = listen(|settings| settings.body_timeout = Duration::from_millis(50)).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = "POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nX-OpenHIM-ClientID: openmrs\r\n\
                Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = read_all(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("OperationOutcome"), "{answer}");
    server.stop.send(()).unwrap();
    server.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn stop_does_not_wait_for_ever() {
    let server = listen(|settings| settings.stop_timeout = Duration::from_millis(50)).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = "POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nX-OpenHIM-ClientID: openmrs\r\n\
                Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut probe = TcpStream::connect(server.address).await.unwrap();
    probe
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    read_all(&mut probe).await;
    server.stop.send(()).unwrap();
    server.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn client_that_does_not_read_is_cut_off() {
    let app = TestApp::start().await;
    let photo = serde_json::json!([{ "data": "A".repeat(9_000_000) }]);
    app.submit(other("Amina", "Okello", "1").resource_id("a").with("photo", photo)).await;
    let server = listen_on(app.pipeline.clone(), |settings| {
        settings.write_timeout = Duration::from_millis(100);
        settings.connections_max = 1;
    })
    .await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut deaf = socket.connect(server.address).await.unwrap();
    let head = "GET /fhir/Patient/a HTTP/1.1\r\nHost: x\r\nX-OpenHIM-ClientID: openmrs\r\n\r\n";
    deaf.write_all(head.as_bytes()).await.unwrap();
    let mut probe = TcpStream::connect(server.address).await.unwrap();
    probe
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    assert!(read_all(&mut probe).await.starts_with("HTTP/1.1 200"), "its place is free again");
    server.stop.send(()).unwrap();
    server.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn answer_to_a_body_that_is_too_long_arrives() {
    let server = listen(|_| {}).await;
    let (mut reader, mut writer) = TcpStream::connect(server.address).await.unwrap().into_split();
    let bytes = 11 * 1024 * 1024;
    let head = format!(
        "POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nX-OpenHIM-ClientID: openmrs\r\n\
         Content-Type: application/json\r\nContent-Length: {bytes}\r\n\r\n"
    );
    let sender = tokio::spawn(async move {
        writer.write_all(head.as_bytes()).await.unwrap();
        // The server may hang up while the rest is on its way.
        let _ = writer.write_all(&vec![b' '; bytes]).await;
        writer
    });
    let mut answer = Vec::new();
    reader.read_to_end(&mut answer).await.unwrap_or_default();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("too-long"), "{answer}");
    drop(sender.await.unwrap());
    server.stop.send(()).unwrap();
    server.task.await.unwrap().unwrap();
}

/// Sends the head of a refused request with more headers, gives its answer's head, then sends
/// `body` and asks for `/healthz` on the same connection; gives that answer, too.
async fn after_a_refusal(more: &str, body: &[u8]) -> [String; 2] {
    let server = listen(|_| {}).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!("POST /fhir/Person HTTP/1.1\r\nHost: x\r\n{more}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    // The head is there first, as from clients that write head and body one after the other.
    let _ = tokio::time::timeout(Duration::from_millis(50), stream.readable()).await;
    let _ = stream.write_all(body).await;
    let first = read_one(&mut stream).await;
    let next = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let _ = stream.write_all(next.as_bytes()).await;
    let mut second = Vec::new();
    let _ = stream.read_to_end(&mut second).await;
    [first, String::from_utf8(second).unwrap()]
}

/// One answer by its `Content-Length`.
async fn read_one(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        if let Some((head, rest)) = text.split_once("\r\n\r\n") {
            let length = head.split("content-length: ").nth(1).and_then(|it| it.lines().next());
            if length.is_some_and(|length| rest.len() >= length.parse().unwrap()) {
                return text;
            }
        }
        let byte = stream.read_u8().await.unwrap();
        bytes.push(byte);
    }
}

#[tokio::test]
async fn refusal_before_a_small_body_leaves_the_connection_open() {
    let [first, second] = after_a_refusal("Content-Length: 5\r\n", b"{\"a\":").await;
    assert!(first.starts_with("http/1.1 4") && !first.contains("connection: close"), "{first}");
    assert!(second.starts_with("HTTP/1.1 200"), "{second}");
}

#[tokio::test]
async fn refusal_that_ends_the_connection_says_so() {
    // Too long to wait for, of unknown length, and asked about before it is sent.
    for more in [
        "Content-Length: 1000000\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Content-Length: 5\r\nExpect: 100-continue\r\n",
    ] {
        let [first, _] = after_a_refusal(more, b"").await;
        assert!(first.starts_with("http/1.1 4"), "{more} {first}");
        assert!(first.contains("connection: close"), "{more} {first}");
    }
}

#[tokio::test]
async fn large_bodies_wait_for_each_other() {
    let server = listen(|settings| {
        settings.body_max_bytes = 100_000;
        settings.bodies_max_bytes = 100_000;
        settings.body_timeout = Duration::from_millis(200);
    })
    .await;
    let head = "POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nX-OpenHIM-ClientID: openmrs\r\n\
                Content-Type: application/json\r\nContent-Length: 90000\r\n\r\n{";
    let mut streams = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        streams.push(stream);
    }
    let [first, second] = &mut streams[..] else { panic!("two") };
    let (first, second) = tokio::join!(read_all(first), read_all(second));
    let mut statuses = [&first[9..12], &second[9..12]];
    statuses.sort_unstable();
    // One was too slow; the other never got a place, or got it when the first gave up.
    assert!(matches!(statuses, ["408", "503" | "408"]), "{statuses:?}");
    server.stop.send(()).unwrap();
    server.task.await.unwrap().unwrap();
}
