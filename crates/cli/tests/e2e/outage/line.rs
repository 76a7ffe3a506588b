//! A line between a node and its database that can be cut, fall silent, or get slow.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Duration,
};

/// How the line is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Everything goes through.
    Open,
    /// Nothing goes through and nobody is told. What was sent arrives late, when it opens again.
    Silent,
    /// What the node sends arrives so much later.
    Slow(Duration),
}

struct State {
    mode: Mutex<Mode>,
    changed: Condvar,
    ends: Mutex<Vec<TcpStream>>,
}

/// The line: a port that leads to the database's.
pub(super) struct Line {
    port: u16,
    state: Arc<State>,
}

impl Line {
    /// A line to `port` of this machine; it lasts as long as the process.
    pub(super) fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let own = listener.local_addr().expect("bound").port();
        let state = Arc::new(State {
            mode: Mutex::new(Mode::Open),
            changed: Condvar::new(),
            ends: Mutex::new(Vec::new()),
        });
        let shared = state.clone();
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let far = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port)));
                if let Ok(far) = far {
                    join(&shared, near, far);
                }
            }
        });
        Self { port: own, state }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn set(&self, mode: Mode) {
        *self.state.mode.lock().unwrap_or_else(PoisonError::into_inner) = mode;
        self.state.changed.notify_all();
    }

    /// Cuts every connection; new ones are possible at once.
    pub(super) fn cut(&self) {
        for end in self.state.ends.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // Closed already by one of its sides.
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

/// Carries both ways.
fn join(state: &Arc<State>, near: TcpStream, far: TcpStream) {
    let copy = |stream: &TcpStream| stream.try_clone().expect("a descriptor is free");
    let mut ends = state.ends.lock().unwrap_or_else(PoisonError::into_inner);
    ends.extend([copy(&near), copy(&far)]);
    drop(ends);
    let (from_node, to_node) = (copy(&near), near);
    let (from_database, to_database) = (copy(&far), far);
    let (there, back) = (state.clone(), state.clone());
    std::thread::spawn(move || carry(&there, from_node, to_database, true));
    std::thread::spawn(move || carry(&back, from_database, to_node, false));
}

fn carry(state: &State, mut from: TcpStream, mut to: TcpStream, is_there: bool) {
    let mut bytes = [0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        wait(state, is_there);
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    // The other side is gone already, or is told now.
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

/// Holds what is under way back as the line is.
fn wait(state: &State, is_there: bool) {
    let mode = state.mode.lock().unwrap_or_else(PoisonError::into_inner);
    let mode = state.changed.wait_while(mode, |mode| *mode == Mode::Silent);
    let mode = *mode.unwrap_or_else(PoisonError::into_inner);
    if let (Mode::Slow(by), true) = (mode, is_there) {
        std::thread::park_timeout(by);
    }
}
