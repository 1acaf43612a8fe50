//! What stands between two servers, and can break the link between them.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;

/// Takes connections in at an address that stays the same, and passes them on to another one that may change.
#[derive(Clone, Debug)]
pub struct Relay {
    addr: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    target: Option<SocketAddr>,
    open: Vec<TcpStream>,
    /// Nothing is passed on, in neither direction, and nobody is told.
    muted: bool,
}

impl Relay {
    /// Listens on a free port. It leads nowhere yet.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listen on a free port");
        let relay = Self {
            addr: listener.local_addr().expect("know the own address"),
            shared: Arc::default(),
        };
        let shared = Arc::clone(&relay.shared);
        // It ends with the process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                shared.pass_on(stream);
            }
        });
        relay
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// New connections lead to another address from now on; without one they are closed at once.
    pub fn lead_to(&self, target: Option<SocketAddr>) {
        self.shared.state().target = target;
    }

    /// Closes all connections.
    pub fn cut(&self) {
        for stream in self.shared.state().open.drain(..) {
            // It may be closed already.
            stream.shutdown(Shutdown::Both).ok();
        }
    }

    /// Passes nothing on from now on, or everything again.
    pub fn mute(&self, muted: bool) {
        self.shared.state().muted = muted;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread has panicked with it")
    }

    fn pass_on(self: &Arc<Self>, here: TcpStream) {
        let target = self.state().target;
        let Some(there) = target.and_then(|target| TcpStream::connect(target).ok()) else {
            return;
        };
        let clone = |stream: &TcpStream| stream.try_clone().expect("share a socket");
        let ends = [clone(&here), clone(&there)];
        self.state().open.extend(ends);
        for (from, to) in [(clone(&here), clone(&there)), (there, here)] {
            let shared = Arc::clone(self);
            thread::spawn(move || shared.copy(from, to));
        }
    }

    fn copy(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = vec![0; 65_536];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let state = self.state();
            let muted = |state: &mut State| state.muted;
            drop(
                self.changed
                    .wait_while(state, muted)
                    .expect("no thread has panicked with it"),
            );
            if to.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        from.shutdown(Shutdown::Both).ok();
        to.shutdown(Shutdown::Both).ok();
    }
}
