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
    let mut settings = settings();
    settings.gateways = vec!["127.0.0.1".parse().unwrap()];
    change(&mut settings);
    let pipeline = TestApp::start().await.pipeline;
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
