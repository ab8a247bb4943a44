//! An operator who registers machine after machine, and notes what was acknowledged.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pxe_init::proto::pxe_init as v1;
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use v1::machine_service_client::MachineServiceClient;

const PAUSE: Duration = Duration::from_millis(15);

/// The limit for each wait is a second in these tests (`database.timeout_seconds`), and a write has several; the rest is
/// for a busy computer. A write that hung would take 30 s and more.
const QUICK: Duration = Duration::from_secs(10);

/// Where these machines' addresses begin; each writer has its own.
static WRITERS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(1);

/// Registrations that go on until they are ended.
pub(super) struct Writes {
    ended: Arc<AtomicBool>,
    came: Arc<Mutex<Came>>,
    task: JoinHandle<()>,
}

/// What came of them.
#[derive(Default)]
pub(super) struct Came {
    pub(super) acknowledged: BTreeSet<String>,
    pub(super) refused: usize,
    /// What should not have come.
    pub(super) wrong: Vec<String>,
}

impl Writes {
    /// At this server; `may_die` is for a server that is killed, of which a lost connection is all that can be seen.
    pub(super) fn to(server: SocketAddr, may_die: bool) -> Self {
        let writer = WRITERS.fetch_add(1, Ordering::Relaxed);
        let (ended, came) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Came::default())));
        let task = tokio::spawn({
            let (ended, came) = (ended.clone(), came.clone());
            async move {
                let channel = Endpoint::from_shared(format!("http://{server}")).unwrap().connect_lazy();
                let mut machines = MachineServiceClient::new(channel);
                for i in 0.. {
                    if ended.load(Ordering::Relaxed) {
                        return;
                    }
                    let name = format!("m{writer}-{i}");
                    let begun = Instant::now();
                    let result = register(&mut machines, &name, writer, i).await;
                    came.lock().unwrap().note(name, result, begun.elapsed(), may_die);
                    tokio::time::sleep(PAUSE).await;
                }
            }
        });
        Self { ended, came, task }
    }

    /// What came so far: how many were acknowledged, and how many refused.
    pub(super) fn counts(&self) -> (usize, usize) {
        let came = self.came.lock().unwrap();
        (came.acknowledged.len(), came.refused)
    }

    /// Ends; what was acknowledged, and whether all went as it should.
    pub(super) async fn end(self) -> Came {
        self.ended.store(true, Ordering::Relaxed);
        self.task.await.unwrap();
        let came = std::mem::take(&mut *self.came.lock().unwrap());
        assert!(came.wrong.is_empty(), "{:#?}", &came.wrong[..came.wrong.len().min(5)]);
        came
    }
}

impl Came {
    fn note(&mut self, name: String, result: Result<(), Status>, took: Duration, may_die: bool) {
        match result {
            Ok(()) => {
                self.acknowledged.insert(name);
            }
            Err(status) if took < QUICK && (may_die || status.code() == Code::Unavailable) => {
                self.refused += 1;
            }
            Err(status) => self.wrong.push(format!("{name} after {took:?}: {status:?}")),
        }
    }
}

async fn register(
    machines: &mut MachineServiceClient<Channel>,
    name: &str,
    writer: u32,
    i: u32,
) -> Result<(), Status> {
    let mac =
        format!("02:00:{:02x}:{:02x}:{:02x}:{:02x}", writer & 255, i >> 16 & 255, i >> 8 & 255, i & 255);
    let machine =
        v1::Machine { name: name.into(), macs: vec![mac], image: "demo".into(), ..Default::default() };
    let request = v1::RegisterMachineRequest { machine: Some(machine), ..Default::default() };
    machines.register_machine(request).await.map(|_| ())
}
