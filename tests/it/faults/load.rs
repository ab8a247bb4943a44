//! Machines that boot, each on a new connection, and what they were answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// What every boot asks.
pub(super) const ASK: &str = "/ipxe?mac=52-54-00-00-00-01";

/// A machine that waits longer than this gives up.
const PATIENCE: Duration = Duration::from_secs(10);

const PAUSE: Duration = Duration::from_millis(5);

/// Boots that go on until they are ended.
pub(super) struct Load {
    ended: Arc<AtomicBool>,
    asked: Arc<AtomicU64>,
    tasks: Vec<JoinHandle<Vec<String>>>,
}

impl Load {
    /// Two machines at a time boot from each of these servers, and expect what they are answered now.
    pub(super) async fn on(servers: &[SocketAddr]) -> Self {
        let served = exchange(servers[0]).await.unwrap();
        let (_, body) = served.split_once("\r\n\r\n").unwrap();
        assert!(body.contains("vmlinuz"), "{served}");
        let (ended, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let boots = servers.iter().flat_map(|server| [*server; 2]).map(|server| {
            let (ended, asked, script) = (ended.clone(), asked.clone(), script(body));
            tokio::spawn(async move {
                let mut lost = Vec::new();
                while !ended.load(Ordering::Relaxed) {
                    asked.fetch_add(1, Ordering::Relaxed);
                    if let Err(problem) = boot(server, &script).await {
                        lost.push(problem);
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                lost
            })
        });
        let tasks = boots.collect();
        Self { ended, asked, tasks }
    }

    /// How many boots there were so far.
    pub(super) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// Ends, and fails if a boot was lost.
    pub(super) async fn end(self) {
        self.ended.store(true, Ordering::Relaxed);
        let mut lost = Vec::new();
        for task in self.tasks {
            lost.extend(task.await.unwrap());
        }
        let asked = self.asked.load(Ordering::Relaxed);
        assert!(
            lost.is_empty(),
            "{} of {asked} boots were lost: {:#?}",
            lost.len(),
            &lost[..lost.len().min(5)]
        );
        assert!(asked > 200, "only {asked} boots: that is no load");
    }
}

/// What does not change from one boot to the next.
fn script(body: &str) -> String {
    body.lines().filter(|line| !line.starts_with("# ")).collect::<Vec<_>>().join("\n")
}

async fn boot(server: SocketAddr, expected: &str) -> Result<(), String> {
    let begun = Instant::now();
    let answer = tokio::time::timeout(PATIENCE, exchange(server)).await;
    let told = |problem: String| format!("{problem} after {:?}", begun.elapsed());
    let answer = answer.map_err(|_| told("nothing".to_owned()))?.map_err(|e| told(e.to_string()))?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200 ") && script(body) == expected => Ok(()),
        _ => Err(told(answer)),
    }
}

async fn exchange(server: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(server).await?;
    let request = format!("GET {ASK} HTTP/1.1\r\nHost: boot\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
