//! Secrets are for those who may read them, and masks that come back do no harm.

use pxe_init::proto::pxe_init as v1;
use tonic::Code;

use super::{calls, closed, make};
use crate::app::TestApp;

const SECRET: &str = "hunter2";
const MASK: &str = "\"__secret__\"";

fn image() -> v1::Image {
    let spec = v1::ParamSpec {
        r#type: "string".into(),
        secret: true,
        default: format!("\"{SECRET}-default\""),
        ..Default::default()
    };
    v1::Image {
        name: "demo".into(),
        kernel: "vmlinuz".into(),
        params: [("password".to_owned(), format!("\"{SECRET}\"")), ("site".to_owned(), "\"b1\"".to_owned())]
            .into(),
        declares: [("password".to_owned(), spec)].into(),
        ..Default::default()
    }
}

async fn images(app: &TestApp, token: &str) -> v1::image_service_client::ImageServiceClient<calls::Caller> {
    v1::image_service_client::ImageServiceClient::new(calls::caller(app, Some(token)).await)
}

async fn get(app: &TestApp, token: &str) -> v1::Image {
    let request = v1::GetImageRequest { name: "demo".into() };
    images(app, token).await.get_image(request).await.unwrap().into_inner().image.unwrap()
}

async fn site() -> (TestApp, String) {
    let (app, root) = closed(&[]).await;
    let request = v1::RegisterImageRequest { image: Some(image()), ..Default::default() };
    images(&app, &root).await.register_image(request).await.unwrap();
    let machine = v1::Machine {
        name: "node1".into(),
        macs: vec!["52:54:00:00:00:01".into()],
        params: [("password".to_owned(), format!("\"{SECRET}-own\""))].into(),
        image: "demo".into(),
        ..Default::default()
    };
    let request = v1::RegisterMachineRequest { machine: Some(machine), ..Default::default() };
    let caller = calls::caller(&app, Some(&root)).await;
    v1::machine_service_client::MachineServiceClient::new(caller).register_machine(request).await.unwrap();
    (app, root)
}

#[tokio::test]
async fn who_may_not_read_secrets_sees_masks_wherever_they_could_be() {
    let (app, root) = site().await;
    let viewer = make(&app, &root, "viewer", "viewer", |_| ()).await;
    let trusted = make(&app, &root, "trusted", "viewer", |request| request.secrets = true).await;
    for (token, shown) in [(&viewer, false), (&trusted, true), (&root, true)] {
        let caller = calls::caller(&app, Some(token)).await;
        let mut images = images(&app, token).await;
        let mut machines = v1::machine_service_client::MachineServiceClient::new(caller.clone());
        let mut catalog = v1::catalog_service_client::CatalogServiceClient::new(caller.clone());
        let mut told = format!("{:?}", get(&app, token).await);
        told += &format!("{:?}", images.list_images(v1::ListImagesRequest::default()).await.unwrap());
        told += &format!("{:?}", machines.list_machines(v1::ListMachinesRequest::default()).await.unwrap());
        let request = v1::GetMachineRequest { name: "node1".into() };
        told += &format!("{:?}", machines.get_machine(request).await.unwrap());
        let mut export = catalog.export(v1::ExportRequest::default()).await.unwrap().into_inner();
        while let Some(resource) = export.message().await.unwrap() {
            told += &format!("{resource:?}");
        }
        assert_eq!(told.contains(SECRET), shown, "{told}");
        assert!(told.contains("b1"), "{told}");

        let target = Some(v1::Target { machine: "node1".into(), ..Default::default() });
        let mut boot = v1::boot_service_client::BootServiceClient::new(caller);
        let request = v1::ExplainRequest { target, show_secrets: true };
        let explained = boot.explain(request).await;
        match shown {
            true => assert!(format!("{explained:?}").contains(SECRET)),
            false => {
                let status = explained.unwrap_err();
                assert_eq!(status.code(), Code::PermissionDenied);
                assert!(status.message().contains("the token viewer may not read secrets"), "{status:?}");
            }
        }
        let fleet = v1::PreviewFleetRequest { show_secrets: true, ..Default::default() };
        let preview = v1::PreviewRequest {
            target: Some(v1::Target { machine: "node1".into(), ..Default::default() }),
            show_secrets: true,
            ..Default::default()
        };
        assert_eq!(boot.preview_fleet(fleet).await.is_ok(), shown);
        assert_eq!(boot.preview(preview).await.is_ok(), shown);
    }
}

#[tokio::test]
async fn a_mask_that_comes_back_stands_for_what_it_hid() {
    let (app, root) = site().await;
    let operator = make(&app, &root, "operator", "operator", |_| ()).await;
    let mut seen = get(&app, &operator).await;
    assert_eq!(seen.params["password"], MASK);
    assert_eq!(seen.declares["password"].default, MASK);
    seen.kernel = "other".into();
    let base_revision = seen.revision;
    let request = v1::UpdateImageRequest { image: Some(seen.clone()), base_revision, ..Default::default() };
    let answer = images(&app, &operator).await.update_image(request).await.unwrap().into_inner();
    assert_eq!(answer.result.unwrap().changed, ["kernel: vmlinuz → other"]);
    assert_eq!(answer.image.unwrap().params["password"], MASK);
    let stored = get(&app, &root).await;
    assert_eq!((stored.kernel.as_str(), stored.params["password"].as_str()), ("other", "\"hunter2\""));
    assert_eq!(stored.declares["password"].default, "\"hunter2-default\"");

    // Where it hides nothing, it is no value.
    let stranger = v1::Image { name: "stranger".into(), revision: 0, ..seen };
    let request = v1::RegisterImageRequest { image: Some(stranger), ..Default::default() };
    let status = images(&app, &operator).await.register_image(request).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let fields = tonic_types::StatusExt::get_details_bad_request(&status).unwrap().field_violations;
    let fields: Vec<_> = fields.iter().map(|field| field.field.as_str()).collect();
    assert_eq!(fields, ["params.password", "declares.password.default"]);
}
