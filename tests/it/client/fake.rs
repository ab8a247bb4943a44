//! A server of `pxe_init.v1` and the first system's service that keeps everything in memory and decides nothing.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use pxe_init::proto::first_system;
use pxe_init::proto::first_system::pxe_init_server::PxeInitServer;
use pxe_init::proto::pxe_init as pb;
use pxe_init::proto::pxe_init::boot_service_server::BootServiceServer;
use pxe_init::proto::pxe_init::image_service_server::ImageServiceServer;
use pxe_init::proto::pxe_init::machine_service_server::MachineServiceServer;
use pxe_init::proto::pxe_init::rule_service_server::RuleServiceServer;
use pxe_init::proto::pxe_init::template_service_server::TemplateServiceServer;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// The pages of the fake are small, so that every list has several.
const MAX_PAGE: usize = 3;

/// A running fake; it stops when dropped.
pub(super) struct Fake {
    pub(super) address: SocketAddr,
    pub(super) state: Arc<Mutex<State>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
pub(super) struct State {
    /// The catalog revision.
    pub(super) revision: u64,
    pub(super) images: Shelf<pb::Image>,
    pub(super) machines: Shelf<pb::Machine>,
    pub(super) rules: Shelf<pb::Rule>,
    pub(super) templates: Shelf<pb::Template>,
    pub(super) saves: BTreeMap<String, Vec<(pb::TemplateRevision, String)>>,
    /// Who wrote last.
    pub(super) user: String,
    /// What the last boot call asked.
    pub(super) target: pb::Target,
}

/// Everything of one noun.
pub(super) struct Shelf<T>(pub(super) BTreeMap<String, T>);

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

pub(super) trait Stored: Clone + PartialEq {
    fn name(&self) -> &str;
    fn revision(&mut self) -> &mut u64;
}

macro_rules! stored {
    ($($noun:ty),*) => {$(
        impl Stored for $noun {
            fn name(&self) -> &str {
                &self.name
            }
            fn revision(&mut self) -> &mut u64 {
                &mut self.revision
            }
        }
    )*};
}

stored!(pb::Image, pb::Machine, pb::Rule, pb::Template);

impl<T: Stored> Shelf<T> {
    fn get(&self, name: &str) -> Result<T, Status> {
        self.0.get(name).cloned().ok_or_else(|| Status::not_found(format!("there is no {name:?}")))
    }

    fn list(&self, options: Option<pb::ListOptions>) -> (Vec<T>, String, u64) {
        let pb::ListOptions { page_size, page_token, filter } = options.unwrap_or_default();
        let prefix = filter.strip_prefix("name=").map_or("", |glob| glob.trim_end_matches('*'));
        let all: Vec<&T> = self.0.values().filter(|item| item.name().starts_with(prefix)).collect();
        let start = page_token.parse().unwrap_or(0);
        let end = (start + MAX_PAGE.min(page_size as usize)).min(all.len());
        let next = if end < all.len() { end.to_string() } else { String::new() };
        (all[start..end].iter().map(|&item| item.clone()).collect(), next, all.len() as u64)
    }

    fn put(
        &mut self,
        item: Option<T>,
        base: u64,
        dry: bool,
        now: &mut u64,
    ) -> Result<(T, pb::WriteResult), Status> {
        let mut item = item.ok_or_else(|| Status::invalid_argument("nothing is given"))?;
        let before = self.check(item.name(), base)?;
        *item.revision() = before.clone().map_or(0, |mut before| *before.revision());
        let outcome = match &before {
            None => pb::Outcome::Created,
            Some(before) if *before == item => pb::Outcome::Unchanged,
            Some(_) => pb::Outcome::Updated,
        };
        if !dry && outcome != pb::Outcome::Unchanged {
            *now += 1;
            *item.revision() = *now;
            self.0.insert(item.name().to_owned(), item.clone());
        }
        let changed = (outcome == pb::Outcome::Updated).then(|| "field: before → after".to_owned());
        Ok((item, result(outcome, *now, changed)))
    }

    fn delete(&mut self, name: &str, base: u64, dry: bool, now: &mut u64) -> Result<pb::WriteResult, Status> {
        self.get(name)?;
        self.check(name, base)?;
        if !dry {
            *now += 1;
            self.0.remove(name);
        }
        Ok(result(pb::Outcome::Deleted, *now, None))
    }

    fn check(&self, name: &str, base: u64) -> Result<Option<T>, Status> {
        let before = self.0.get(name).cloned();
        let stands_at = before.clone().map_or(0, |mut before| *before.revision());
        if base != 0 && base != stands_at {
            return Err(Status::aborted(format!("{name:?} is at revision {stands_at}, not {base}")));
        }
        Ok(before)
    }
}

fn result(outcome: pb::Outcome, revision: u64, changed: Option<String>) -> pb::WriteResult {
    let warnings = if revision == 7 { vec!["seven is a lot".to_owned()] } else { Vec::new() };
    pb::WriteResult { outcome: outcome.into(), revision, warnings, changed: changed.into_iter().collect() }
}

fn violation(noun: &str, field: &str, problem: &str) -> Status {
    let details = ErrorDetails::with_bad_request_violation(field, problem);
    Status::with_error_details(Code::InvalidArgument, format!("this {noun} is not valid"), details)
}

impl Fake {
    pub(super) fn start() -> Self {
        let (ready, address) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let state = Arc::new(Mutex::new(State::default()));
        let service = Service(Arc::clone(&state));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                ready.send(listener.local_addr().unwrap()).unwrap();
                tonic::transport::Server::builder()
                    .add_service(ImageServiceServer::new(service.clone()))
                    .add_service(MachineServiceServer::new(service.clone()))
                    .add_service(RuleServiceServer::new(service.clone()))
                    .add_service(TemplateServiceServer::new(service.clone()))
                    .add_service(BootServiceServer::new(service.clone()))
                    .add_service(PxeInitServer::new(service))
                    .serve_with_incoming_shutdown(TcpListenerStream::new(listener), async {
                        let _ = stopped.await;
                    })
                    .await
                    .unwrap();
            });
        });
        Self { address: address.recv().unwrap(), state, stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let stopped = thread.join();
            assert!(stopped.is_ok() || std::thread::panicking(), "the fake server panicked");
        }
    }
}

#[derive(Clone)]
struct Service(Arc<Mutex<State>>);

impl Service {
    /// The state, for a write by the caller of `request`.
    fn write<T>(&self, request: Request<T>) -> (std::sync::MutexGuard<'_, State>, T) {
        let mut state = self.0.lock().unwrap();
        let user = request.metadata().get("x-pxe-init-user").map(|user| user.to_str().unwrap().to_owned());
        state.user = user.unwrap_or_default();
        (state, request.into_inner())
    }

    fn read(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl pb::image_service_server::ImageService for Service {
    async fn list_images(&self, request: Request<pb::ListImagesRequest>) -> Answer<pb::ListImagesResponse> {
        let (images, next_page_token, total) = self.read().images.list(request.into_inner().options);
        Ok(Response::new(pb::ListImagesResponse { images, next_page_token, total }))
    }

    async fn get_image(&self, request: Request<pb::GetImageRequest>) -> Answer<pb::GetImageResponse> {
        let name = request.into_inner().name;
        if name == "slow" {
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        let image = Some(self.read().images.get(&name)?);
        Ok(Response::new(pb::GetImageResponse { image }))
    }

    async fn register_image(
        &self,
        request: Request<pb::RegisterImageRequest>,
    ) -> Answer<pb::RegisterImageResponse> {
        let (mut state, request) = self.write(request);
        let pb::RegisterImageRequest { image, base_revision, dry_run, .. } = request;
        if image.as_ref().is_some_and(|image| image.kernel.contains("..")) {
            return Err(violation("image", "kernel", "climbs out of the asset base; remove the .."));
        }
        let State { images, revision, .. } = &mut *state;
        let (image, result) = images.put(image, base_revision, dry_run, revision)?;
        Ok(Response::new(pb::RegisterImageResponse { image: Some(image), result: Some(result) }))
    }

    async fn update_image(
        &self,
        request: Request<pb::UpdateImageRequest>,
    ) -> Answer<pb::UpdateImageResponse> {
        let (mut state, request) = self.write(request);
        let pb::UpdateImageRequest { image, base_revision, dry_run, .. } = request;
        let State { images, revision, .. } = &mut *state;
        let (image, result) = images.put(image, base_revision, dry_run, revision)?;
        Ok(Response::new(pb::UpdateImageResponse { image: Some(image), result: Some(result) }))
    }

    async fn delete_image(
        &self,
        request: Request<pb::DeleteImageRequest>,
    ) -> Answer<pb::DeleteImageResponse> {
        let (mut state, request) = self.write(request);
        let pb::DeleteImageRequest { name, base_revision, dry_run, .. } = request;
        if let Some(machine) = state.machines.0.values().find(|machine| machine.image == name) {
            return Err(Status::failed_precondition(format!(
                "machine {:?} uses image {name:?}",
                machine.name
            )));
        }
        let State { images, revision, .. } = &mut *state;
        let result = Some(images.delete(&name, base_revision, dry_run, revision)?);
        Ok(Response::new(pb::DeleteImageResponse { result }))
    }
}

#[tonic::async_trait]
impl pb::machine_service_server::MachineService for Service {
    async fn list_machines(
        &self,
        request: Request<pb::ListMachinesRequest>,
    ) -> Answer<pb::ListMachinesResponse> {
        let (machines, next_page_token, total) = self.read().machines.list(request.into_inner().options);
        Ok(Response::new(pb::ListMachinesResponse { machines, next_page_token, total }))
    }

    async fn get_machine(&self, request: Request<pb::GetMachineRequest>) -> Answer<pb::GetMachineResponse> {
        let machine = Some(self.read().machines.get(&request.into_inner().name)?);
        Ok(Response::new(pb::GetMachineResponse { machine }))
    }

    async fn register_machine(
        &self,
        request: Request<pb::RegisterMachineRequest>,
    ) -> Answer<pb::RegisterMachineResponse> {
        let (mut state, request) = self.write(request);
        let pb::RegisterMachineRequest { machine, base_revision, dry_run, .. } = request;
        if machine.as_ref().is_some_and(|machine| machine.macs.iter().any(|mac| mac.len() < 17)) {
            return Err(violation("machine", "macs[0]", "\"52:54\" is no MAC address"));
        }
        let State { machines, revision, .. } = &mut *state;
        let (machine, result) = machines.put(machine, base_revision, dry_run, revision)?;
        Ok(Response::new(pb::RegisterMachineResponse { machine: Some(machine), result: Some(result) }))
    }

    async fn update_machine(
        &self,
        request: Request<pb::UpdateMachineRequest>,
    ) -> Answer<pb::UpdateMachineResponse> {
        let (mut state, request) = self.write(request);
        let pb::UpdateMachineRequest { machine, base_revision, dry_run, .. } = request;
        let State { machines, revision, .. } = &mut *state;
        let (machine, result) = machines.put(machine, base_revision, dry_run, revision)?;
        Ok(Response::new(pb::UpdateMachineResponse { machine: Some(machine), result: Some(result) }))
    }

    async fn delete_machine(
        &self,
        request: Request<pb::DeleteMachineRequest>,
    ) -> Answer<pb::DeleteMachineResponse> {
        let (mut state, request) = self.write(request);
        let pb::DeleteMachineRequest { name, base_revision, dry_run, .. } = request;
        let State { machines, revision, .. } = &mut *state;
        let result = Some(machines.delete(&name, base_revision, dry_run, revision)?);
        Ok(Response::new(pb::DeleteMachineResponse { result }))
    }

    async fn accept_machine(
        &self,
        _: Request<pb::AcceptMachineRequest>,
    ) -> Answer<pb::AcceptMachineResponse> {
        Err(Status::unimplemented("the tests of this ask the real server"))
    }

    async fn arm_machine(&self, _: Request<pb::ArmMachineRequest>) -> Answer<pb::ArmMachineResponse> {
        Err(Status::unimplemented("the tests of this ask the real server"))
    }

    async fn register_machine_image(
        &self,
        request: Request<pb::RegisterMachineImageRequest>,
    ) -> Answer<pb::RegisterMachineImageResponse> {
        let (mut state, request) = self.write(request);
        let pb::RegisterMachineImageRequest { mac, image, dry_run, .. } = request;
        state.images.get(&image)?;
        let name = mac.to_lowercase().replace(':', "-");
        let machine = pb::Machine { name, macs: vec![mac], image, ..Default::default() };
        let State { machines, revision, .. } = &mut *state;
        let (machine, result) = machines.put(Some(machine), 0, dry_run, revision)?;
        Ok(Response::new(pb::RegisterMachineImageResponse { machine: Some(machine), result: Some(result) }))
    }
}

#[tonic::async_trait]
impl pb::rule_service_server::RuleService for Service {
    async fn list_rules(&self, request: Request<pb::ListRulesRequest>) -> Answer<pb::ListRulesResponse> {
        let (rules, next_page_token, total) = self.read().rules.list(request.into_inner().options);
        Ok(Response::new(pb::ListRulesResponse { rules, next_page_token, total }))
    }

    async fn get_rule(&self, request: Request<pb::GetRuleRequest>) -> Answer<pb::GetRuleResponse> {
        let rule = Some(self.read().rules.get(&request.into_inner().name)?);
        Ok(Response::new(pb::GetRuleResponse { rule }))
    }

    async fn register_rule(
        &self,
        request: Request<pb::RegisterRuleRequest>,
    ) -> Answer<pb::RegisterRuleResponse> {
        let (mut state, request) = self.write(request);
        let pb::RegisterRuleRequest { rule, base_revision, dry_run, .. } = request;
        let State { rules, revision, .. } = &mut *state;
        let (rule, result) = rules.put(rule, base_revision, dry_run, revision)?;
        Ok(Response::new(pb::RegisterRuleResponse { rule: Some(rule), result: Some(result) }))
    }

    async fn update_rule(&self, request: Request<pb::UpdateRuleRequest>) -> Answer<pb::UpdateRuleResponse> {
        let (mut state, request) = self.write(request);
        let pb::UpdateRuleRequest { rule, base_revision, dry_run, .. } = request;
        let State { rules, revision, .. } = &mut *state;
        let (rule, result) = rules.put(rule, base_revision, dry_run, revision)?;
        Ok(Response::new(pb::UpdateRuleResponse { rule: Some(rule), result: Some(result) }))
    }

    async fn delete_rule(&self, request: Request<pb::DeleteRuleRequest>) -> Answer<pb::DeleteRuleResponse> {
        let (mut state, request) = self.write(request);
        let pb::DeleteRuleRequest { name, base_revision, dry_run, .. } = request;
        let State { rules, revision, .. } = &mut *state;
        let result = Some(rules.delete(&name, base_revision, dry_run, revision)?);
        Ok(Response::new(pb::DeleteRuleResponse { result }))
    }
}

impl State {
    fn save(
        &mut self,
        template: Option<pb::Template>,
        message: String,
        base: u64,
        dry: bool,
    ) -> Result<(pb::Template, pb::WriteResult), Status> {
        let mut template = template.unwrap_or_default();
        if template.source.contains("{% boom") {
            return Err(violation("template", "source", "line 1, column 4: unknown tag boom"));
        }
        let saves = self.saves.entry(template.name.clone()).or_default();
        template.number = saves.len() as u32 + 1;
        template.origin = "stored".to_owned();
        let number = template.number;
        let source = template.source.clone();
        let author = self.user.clone();
        let put = self.templates.put(Some(template), base, dry, &mut self.revision)?;
        if !dry {
            let sha256 = format!("{number:064x}");
            let created_ms = 1_767_225_600_000 + i64::from(number) * 1000;
            saves.push((pb::TemplateRevision { number, sha256, author, message, created_ms }, source));
        }
        Ok(put)
    }
}

#[tonic::async_trait]
impl pb::template_service_server::TemplateService for Service {
    async fn list_templates(
        &self,
        request: Request<pb::ListTemplatesRequest>,
    ) -> Answer<pb::ListTemplatesResponse> {
        let (mut templates, next_page_token, total) =
            self.read().templates.list(request.into_inner().options);
        templates.iter_mut().for_each(|template| template.source.clear());
        Ok(Response::new(pb::ListTemplatesResponse { templates, next_page_token, total }))
    }

    async fn get_template(
        &self,
        request: Request<pb::GetTemplateRequest>,
    ) -> Answer<pb::GetTemplateResponse> {
        let pb::GetTemplateRequest { name, number } = request.into_inner();
        let state = self.read();
        let mut template = state.templates.get(&name)?;
        if number != 0 {
            let missing = || Status::not_found(format!("template {name:?} has no revision {number}"));
            let saves = state.saves.get(&name).ok_or_else(missing)?;
            let (_, source) = saves.get(number as usize - 1).ok_or_else(missing)?;
            template = pb::Template { number, source: source.clone(), ..template };
        }
        Ok(Response::new(pb::GetTemplateResponse { template: Some(template) }))
    }

    async fn register_template(
        &self,
        request: Request<pb::RegisterTemplateRequest>,
    ) -> Answer<pb::RegisterTemplateResponse> {
        let (mut state, request) = self.write(request);
        let pb::RegisterTemplateRequest { template, message, base_revision, dry_run, .. } = request;
        let (template, result) = state.save(template, message, base_revision, dry_run)?;
        Ok(Response::new(pb::RegisterTemplateResponse { template: Some(template), result: Some(result) }))
    }

    async fn update_template(
        &self,
        request: Request<pb::UpdateTemplateRequest>,
    ) -> Answer<pb::UpdateTemplateResponse> {
        let (mut state, request) = self.write(request);
        let pb::UpdateTemplateRequest { template, message, base_revision, dry_run, .. } = request;
        let (template, result) = state.save(template, message, base_revision, dry_run)?;
        Ok(Response::new(pb::UpdateTemplateResponse { template: Some(template), result: Some(result) }))
    }

    async fn delete_template(
        &self,
        request: Request<pb::DeleteTemplateRequest>,
    ) -> Answer<pb::DeleteTemplateResponse> {
        let (mut state, request) = self.write(request);
        let pb::DeleteTemplateRequest { name, base_revision, dry_run, .. } = request;
        let State { templates, revision, .. } = &mut *state;
        let result = Some(templates.delete(&name, base_revision, dry_run, revision)?);
        Ok(Response::new(pb::DeleteTemplateResponse { result }))
    }

    async fn list_template_revisions(
        &self,
        request: Request<pb::ListTemplateRevisionsRequest>,
    ) -> Answer<pb::ListTemplateRevisionsResponse> {
        let pb::ListTemplateRevisionsRequest { name, options } = request.into_inner();
        let state = self.read();
        state.templates.get(&name)?;
        let saves = state.saves.get(&name).map(Vec::as_slice).unwrap_or_default();
        let start: usize = options.unwrap_or_default().page_token.parse().unwrap_or(0);
        let newest_first = saves.iter().rev().map(|(save, _)| save.clone());
        let revisions: Vec<_> = newest_first.skip(start).take(MAX_PAGE).collect();
        let end = start + revisions.len();
        let next_page_token = if end < saves.len() { end.to_string() } else { String::new() };
        Ok(Response::new(pb::ListTemplateRevisionsResponse { revisions, next_page_token }))
    }

    async fn rollback_template(
        &self,
        request: Request<pb::RollbackTemplateRequest>,
    ) -> Answer<pb::RollbackTemplateResponse> {
        let (mut state, request) = self.write(request);
        let pb::RollbackTemplateRequest { name, number, message, dry_run, .. } = request;
        let template = state.templates.get(&name)?;
        let saves = state.saves.get(&name).cloned().unwrap_or_default();
        let number = if number == 0 { template.number.saturating_sub(1) } else { number };
        let save = saves.iter().find(|(save, _)| save.number == number);
        let (_, source) = save.ok_or_else(|| Status::not_found(format!("there is no revision {number}")))?;
        let message = if message.is_empty() { format!("roll back to revision {number}") } else { message };
        let template = pb::Template { source: source.clone(), ..template };
        let (template, result) = state.save(Some(template), message, 0, dry_run)?;
        Ok(Response::new(pb::RollbackTemplateResponse { template: Some(template), result: Some(result) }))
    }

    async fn get_template_vars(
        &self,
        request: Request<pb::GetTemplateVarsRequest>,
    ) -> Answer<pb::GetTemplateVarsResponse> {
        let pb::GetTemplateVarsRequest { name, source, kind } = request.into_inner();
        if source.is_none() && !["linux", "default.user-data"].contains(&name.as_str()) {
            self.read().templates.get(&name)?;
        }
        let from = source.map_or("the request".to_owned(), |source| format!("{kind} {name} {source}"));
        let spec = pb::ParamSpec {
            r#type: "string".to_owned(),
            help: "how the disk is booted".to_owned(),
            choices: vec!["\"exit\"".to_owned(), "\"sanboot\"".to_owned()],
            default: "\"exit\"".to_owned(),
            ..Default::default()
        };
        let var = |name: &str, spec| pb::TemplateVar {
            name: name.to_owned(),
            spec,
            read_at: "linux:3".to_owned(),
            ..Default::default()
        };
        let secret =
            pb::ParamSpec { r#type: "list".to_owned(), required: true, secret: true, ..Default::default() };
        let supplier = |noun: &str, total, names: &[&str]| pb::ParamSupplier {
            noun: noun.to_owned(),
            total,
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        let vars = vec![
            pb::TemplateVar { from, required: true, ..var("facts.mac", None) },
            pb::TemplateVar { declared_by: "local".to_owned(), ..var("params.boot", Some(spec)) },
            pb::TemplateVar {
                required: true,
                suppliers: vec![supplier("rule", 1, &["rack-1"]), supplier("machine", 7, &["a", "b"])],
                ..var("params.keys", Some(secret))
            },
            pb::TemplateVar { read_at: String::new(), ..var("params.old", None) },
        ];
        Ok(Response::new(pb::GetTemplateVarsResponse { vars, any_param: true, ..Default::default() }))
    }
}

#[tonic::async_trait]
impl pb::boot_service_server::BootService for Service {
    async fn preview(&self, request: Request<pb::PreviewRequest>) -> Answer<pb::PreviewResponse> {
        let pb::PreviewRequest { target, kind, source, base_url, .. } = request.into_inner();
        let target = target.unwrap_or_default();
        self.read().target = target.clone();
        let response = match target.machine.as_str() {
            "broken" => pb::PreviewResponse {
                document: "#!ipxe\necho incident 1\n".to_owned(),
                outcome: "failed".to_owned(),
                template: "coreos@2".to_owned(),
                problem: "coreos.ipxe.j2:3: params.disk is undefined".to_owned(),
                status: 200,
                warnings: Vec::new(),
            },
            "unknown" => {
                pb::PreviewResponse { outcome: "no-match".to_owned(), status: 404, ..Default::default() }
            }
            _ => pb::PreviewResponse {
                document: source.unwrap_or_else(|| format!("#!ipxe\necho {kind} {base_url}\nboot\n")),
                outcome: "rendered".to_owned(),
                template: "coreos@2".to_owned(),
                status: 200,
                warnings: vec!["initrd is not fetched over TLS".to_owned()],
                problem: String::new(),
            },
        };
        Ok(Response::new(response))
    }

    type PreviewFleetStream = tokio_stream::Empty<Result<pb::PreviewFleetResponse, Status>>;

    async fn preview_fleet(&self, _: Request<pb::PreviewFleetRequest>) -> Answer<Self::PreviewFleetStream> {
        Err(Status::unimplemented("see client::site"))
    }

    async fn explain(&self, request: Request<pb::ExplainRequest>) -> Answer<pb::ExplainResponse> {
        let target = request.into_inner().target.unwrap_or_default();
        self.read().target = target.clone();
        let rule = |name: &str, priority, selector: &str, won, reason: &str| pb::Candidate {
            source: "rule".to_owned(),
            name: name.to_owned(),
            priority,
            selector: selector.to_owned(),
            won,
            reason: reason.to_owned(),
            image: "fcos".to_owned(),
            matches: !reason.starts_with("wants"),
        };
        let mut candidates = vec![
            pb::Candidate {
                source: "binding".to_owned(),
                name: "web-1".to_owned(),
                reason: "the machine is bound to no image".to_owned(),
                ..Default::default()
            },
            rule("arm", 10, "arch=arm64", false, "wants arch=arm64, but arch is x86_64"),
            rule("rack", 5, "label.rack=r1*|r2* mac=!52:*", true, "the first that matches"),
        ];
        candidates.extend((0..3).map(|i| {
            rule(&format!("late-{i}"), 1, "arch=arm64", false, "wants arch=arm64, but arch is x86_64")
        }));
        candidates.push(rule("default", -1, "everything", false, "rack comes first"));
        Ok(Response::new(pb::ExplainResponse {
            facts: target.facts,
            machine: target.machine,
            matched_by: "mac".to_owned(),
            conflicts: vec!["uuid points at db-1".to_owned()],
            candidates,
            image: "fcos".to_owned(),
            templates: vec![pb::TemplateOrigin {
                kind: "ipxe".to_owned(),
                template: "coreos".to_owned(),
                layer: "image".to_owned(),
            }],
            params: vec![pb::ParamOrigin {
                key: "disk".to_owned(),
                value: "{\"path\":\"/dev/sda\"}".to_owned(),
                layer: "machine".to_owned(),
                replaced: vec!["rule".to_owned(), "image".to_owned()],
                declared_by: String::new(),
            }],
            revision: 12,
        }))
    }
}

#[tonic::async_trait]
impl first_system::pxe_init_server::PxeInit for Service {
    async fn list_images(
        &self,
        _: Request<first_system::ListImagesRequest>,
    ) -> Answer<first_system::ListImagesResponse> {
        let url = |path: &str| if path.is_empty() { String::new() } else { format!("http://forward/{path}") };
        let images = self
            .read()
            .images
            .0
            .values()
            .map(|image| first_system::Image {
                name: image.name.clone(),
                kernel: url(&image.kernel),
                initrd: url(image.initrds.first().map_or("", String::as_str)),
                rootfs: url(&image.rootfs),
            })
            .collect();
        Ok(Response::new(first_system::ListImagesResponse { images }))
    }

    async fn register_image_machine(
        &self,
        _: Request<first_system::RegisterImageMachineRequest>,
    ) -> Answer<first_system::RegisterImageMachineResponse> {
        Err(Status::unimplemented("the client uses RegisterMachineImage"))
    }
}
