//! The API of the first system, on our nouns.

use tonic::{Request, Response, Status};

use super::access::actor;
use super::status::{missing, status, wrong};
use super::{Api, convert};
use crate::domain::Mac;
use crate::proto::first_system as v1;
use crate::proto::first_system::pxe_init_server::PxeInit;
use crate::service::{PageRequest, WriteOptions};

#[tonic::async_trait]
impl PxeInit for Api {
    async fn list_images(
        &self,
        _: Request<v1::ListImagesRequest>,
    ) -> Result<Response<v1::ListImagesResponse>, Status> {
        let mut images = Vec::new();
        let mut request = PageRequest { size: 1000, ..PageRequest::default() };
        loop {
            let page = self.service.list_images(&request).map_err(status)?;
            // It had no images without a kernel, so its client does not expect them.
            for image in page.entries.iter().map(|entry| &entry.value).filter(|image| !image.is_null()) {
                let url =
                    |path: Option<&String>| path.map(|path| self.service.asset_url(path)).unwrap_or_default();
                images.push(v1::Image {
                    name: image.name.to_string(),
                    kernel: url(image.kernel.as_ref()),
                    initrd: url(image.initrds.first()),
                    rootfs: url(image.rootfs.as_ref()),
                });
            }
            if page.next.is_empty() {
                return Ok(Response::new(v1::ListImagesResponse { images }));
            }
            request.token = page.next;
        }
    }

    async fn register_image_machine(
        &self,
        request: Request<v1::RegisterImageMachineRequest>,
    ) -> Result<Response<v1::RegisterImageMachineResponse>, Status> {
        let actor = actor(&request)?;
        let machine = request.into_inner().machine.ok_or_else(|| missing("machine"))?;
        let mac: Mac = machine.mac.parse().map_err(|e| wrong("machine.mac", e))?;
        let image = convert::read_name("machine.image", &machine.image)?;
        self.bind(&actor, mac, image, &WriteOptions::default()).await?;
        Ok(Response::new(v1::RegisterImageMachineResponse {}))
    }
}
