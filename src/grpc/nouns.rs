//! Images, machines and rules: the same five calls on three nouns.

use tonic::{Request, Response, Status};

use super::access::{View, actor};
use super::convert;
use super::status::{status, wrong};
use super::{Api, v1};
use crate::catalog::Versioned;
use crate::domain::{Actor, Change, Mac, Machine, Name, Noun};
use crate::service::{Intent, WriteOptions, Written};

/// Implements the service of one noun; `$more` are its calls beyond the five.
macro_rules! noun_service {
    ($Noun:ident, $noun:ident; $($more:item)*) => {
        pastey::paste! {
            #[tonic::async_trait]
            impl v1::[<$noun _service_server>]::[<$Noun Service>] for Api {
                async fn [<list_ $noun s>](
                    &self,
                    request: Request<v1::[<List $Noun sRequest>]>,
                ) -> Result<Response<v1::[<List $Noun sResponse>]>, Status> {
                    let view = View::of(&request, &self.service)?;
                    let page = convert::read_page(request.into_inner().options)?;
                    let page = self.service.[<list_ $noun s>](&page).map_err(status)?;
                    Ok(Response::new(v1::[<List $Noun sResponse>] {
                        [<$noun s>]: page.entries.iter().map(|entry| view.show(convert::$noun(entry))).collect(),
                        next_page_token: page.next,
                        total: page.total,
                    }))
                }

                async fn [<get_ $noun>](
                    &self,
                    request: Request<v1::[<Get $Noun Request>]>,
                ) -> Result<Response<v1::[<Get $Noun Response>]>, Status> {
                    let view = View::of(&request, &self.service)?;
                    let name = request.into_inner().name;
                    convert::required("name", &name)?;
                    let found = self.service.[<get_ $noun>](&name).map_err(status)?;
                    Ok(Response::new(v1::[<Get $Noun Response>] { $noun: Some(view.show(convert::$noun(&found))) }))
                }

                async fn [<register_ $noun>](
                    &self,
                    request: Request<v1::[<Register $Noun Request>]>,
                ) -> Result<Response<v1::[<Register $Noun Response>]>, Status> {
                    let (actor, view) = (actor(&request)?, View::of(&request, &self.service)?);
                    let request = request.into_inner();
                    let $noun = convert::[<read_ $noun>](request.$noun)?;
                    let base_revision = convert::read_base(request.base_revision);
                    let intent = Intent { base_revision, ..Intent::new(Change::$Noun($noun.clone())) };
                    let options = convert::options(request.dry_run, request.message, request.force);
                    let written = self.write(&actor, intent, &options).await?;
                    let stands = self.service.[<get_ $noun>]($noun.name.as_str()).ok();
                    Ok(Response::new(v1::[<Register $Noun Response>] {
                        $noun: Some(view.show(convert::$noun(&after(&written, request.dry_run, stands, $noun)))),
                        result: Some(convert::result(written)),
                    }))
                }

                async fn [<update_ $noun>](
                    &self,
                    request: Request<v1::[<Update $Noun Request>]>,
                ) -> Result<Response<v1::[<Update $Noun Response>]>, Status> {
                    let (actor, view) = (actor(&request)?, View::of(&request, &self.service)?);
                    let request = request.into_inner();
                    let base_revision = convert::read_required_base(request.base_revision)?;
                    let $noun = convert::[<read_ $noun>](request.$noun)?;
                    let intent = Intent { change: Change::$Noun($noun.clone()), base_revision, must_exist: true };
                    let options = convert::options(request.dry_run, request.message, request.force);
                    let written = self.write(&actor, intent, &options).await?;
                    let stands = self.service.[<get_ $noun>]($noun.name.as_str()).ok();
                    Ok(Response::new(v1::[<Update $Noun Response>] {
                        $noun: Some(view.show(convert::$noun(&after(&written, request.dry_run, stands, $noun)))),
                        result: Some(convert::result(written)),
                    }))
                }

                async fn [<delete_ $noun>](
                    &self,
                    request: Request<v1::[<Delete $Noun Request>]>,
                ) -> Result<Response<v1::[<Delete $Noun Response>]>, Status> {
                    let actor = actor(&request)?;
                    let request = request.into_inner();
                    let intent = delete(Noun::$Noun, &request.name, request.base_revision)?;
                    let options = convert::options(request.dry_run, request.message, request.force);
                    let written = self.write(&actor, intent, &options).await?;
                    Ok(Response::new(v1::[<Delete $Noun Response>] { result: Some(convert::result(written)) }))
                }

                $($more)*
            }
        }
    };
}

noun_service!(Image, image;);
noun_service!(Rule, rule;);
noun_service!(Machine, machine;
    async fn register_machine_image(
        &self,
        request: Request<v1::RegisterMachineImageRequest>,
    ) -> Result<Response<v1::RegisterMachineImageResponse>, Status> {
        let (actor, view) = (actor(&request)?, View::of(&request, &self.service)?);
        let request = request.into_inner();
        let mac: Mac = request.mac.parse().map_err(|e| wrong("mac", e))?;
        let image = convert::read_name("image", &request.image)?;
        let options = convert::options(request.dry_run, request.message, request.force);
        let (machine, written) = self.bind(&actor, mac, image, &options).await?;
        let stands = self.service.get_machine(machine.name.as_str()).ok();
        Ok(Response::new(v1::RegisterMachineImageResponse {
            machine: Some(view.show(convert::machine(&after(&written, request.dry_run, stands, machine)))),
            result: Some(convert::result(written)),
        }))
    }

    async fn accept_machine(
        &self,
        request: Request<v1::AcceptMachineRequest>,
    ) -> Result<Response<v1::AcceptMachineResponse>, Status> {
        let actor = actor(&request)?;
        let v1::AcceptMachineRequest { name, revoke, dry_run, message } = request.into_inner();
        convert::required("name", &name)?;
        let options = convert::options(dry_run, message, false);
        let written = self.service.accept_machine(&actor, &name, !revoke, &options).await.map_err(status)?;
        Ok(Response::new(v1::AcceptMachineResponse { result: Some(convert::result(written)) }))
    }

    async fn arm_machine(
        &self,
        request: Request<v1::ArmMachineRequest>,
    ) -> Result<Response<v1::ArmMachineResponse>, Status> {
        let actor = actor(&request)?;
        let v1::ArmMachineRequest { name, disarm, dry_run, message } = request.into_inner();
        convert::required("name", &name)?;
        let options = convert::options(dry_run, message, false);
        let written = self.service.arm_machine(&actor, &name, !disarm, &options).await.map_err(status)?;
        Ok(Response::new(v1::ArmMachineResponse { result: Some(convert::result(written)) }))
    }
);

impl Api {
    pub(super) async fn write(
        &self,
        actor: &Actor,
        intent: Intent,
        options: &WriteOptions,
    ) -> Result<Written, Status> {
        self.service.write(actor, intent, options).await.map_err(status)
    }

    /// Binds the machine with this MAC to an image.
    pub(super) async fn bind(
        &self,
        actor: &Actor,
        mac: Mac,
        image: Name,
        options: &WriteOptions,
    ) -> Result<(Machine, Written), Status> {
        self.service.register_machine_image(actor, mac, image, options).await.map_err(status)
    }
}

/// The change that takes something away.
pub(super) fn delete(noun: Noun, name: &str, base_revision: u64) -> Result<Intent, Status> {
    let name = convert::read_name("name", name)?;
    let base_revision = convert::read_base(base_revision);
    Ok(Intent { base_revision, ..Intent::new(Change::Delete(noun, name)) })
}

/// What stands after a write; after a dry run, what would stand.
fn after<T>(written: &Written, dry_run: bool, stands: Option<Versioned<T>>, asked: T) -> Versioned<T> {
    match stands {
        Some(stands) if !dry_run => stands,
        _ => Versioned { revision: written.revision, value: asked.into() },
    }
}
