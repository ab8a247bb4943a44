//! Images: what can be booted.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde_json::{Value, json};

use super::convert;
use crate::client::api::Api;
use crate::client::cli::{Declare, LABEL_HELP, PARAM_HELP, TargetArgs, WriteArgs};
use crate::client::failure::Failure;
use crate::client::pairs;
use crate::client::print::Row;
use crate::client::resource::{Page, Resource, Write, Written};
use crate::client::stored::{Plain, Stored};
use crate::domain::{self, Name, Noun, ParamSpec};
use crate::manifest;
use crate::proto::pxe_init as pb;

/// An image of the server.
pub(in crate::client) type Image = Stored<domain::Image>;

/// Create an image, or replace it as a whole
///
/// Without a kernel it is a null image: the machine boots its local disk. Paths are absolute URLs, or relative to the
/// asset base of the server.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pxe-init-client image register fcos --kernel fcos/vmlinuz --initrd fcos/initramfs.img \\
      --rootfs fcos/rootfs.img --arg console=ttyS0 --template ipxe=coreos
  pxe-init-client image register local
  pxe-init-client image register -f images.yaml --dry-run")]
pub(in crate::client) struct RegisterImage {
    #[command(flatten)]
    target: TargetArgs,
    /// Kernel: absolute URL, or path relative to the asset base
    #[arg(long, value_name = "PATH", value_parser = NonEmptyStringValueParser::new(), conflicts_with = "file")]
    kernel: Option<String>,
    /// Initial RAM disk: URL or path; repeat for several, which are loaded in this order
    #[arg(long = "initrd", value_name = "PATH", value_parser = NonEmptyStringValueParser::new(), conflicts_with = "file")]
    initrds: Vec<String>,
    /// Root file system: URL or path
    #[arg(long, value_name = "PATH", value_parser = NonEmptyStringValueParser::new(), conflicts_with = "file")]
    rootfs: Option<String>,
    /// Kernel argument, such as console=ttyS0; repeat for several
    #[arg(long = "arg", value_name = "KEY[=VALUE]", value_parser = NonEmptyStringValueParser::new(), conflicts_with = "file")]
    args: Vec<String>,
    /// CPU architecture that the kernel is for, in iPXE's spelling: x86_64, i386, arm64
    #[arg(long, value_name = "ARCH", value_parser = NonEmptyStringValueParser::new(), conflicts_with = "file")]
    arch: Option<String>,
    #[arg(long = "label", value_name = "KEY=VALUE", help = LABEL_HELP, value_parser = pairs::text, conflicts_with = "file")]
    labels: Vec<(String, String)>,
    #[arg(long = "param", value_name = "KEY=VALUE", help = PARAM_HELP, value_parser = pairs::param, conflicts_with = "file")]
    params: Vec<(String, Value)>,
    /// Param that its documents take: a type (string, integer, number, boolean, list, map), or a map of type, default,
    /// required, help, secret and choices, such as 'disk={type: string, required: true}'; repeat for several
    #[arg(long = "declare", value_name = "NAME=SPEC", value_parser = pairs::declaration, conflicts_with = "file")]
    declares: Vec<(String, ParamSpec)>,
    /// Template that renders one kind of document, such as ipxe=coreos; repeat for several kinds
    #[arg(long = "template", value_name = "KIND=TEMPLATE", value_parser = pairs::template, conflicts_with = "file")]
    templates: Vec<(String, String)>,
    #[command(flatten)]
    write: WriteArgs,
}

impl Declare for RegisterImage {
    type Resource = Image;

    fn target(&self) -> &TargetArgs {
        &self.target
    }

    fn write(&self) -> &WriteArgs {
        &self.write
    }

    fn declare(self, name: String) -> Result<Image, Failure> {
        Image::declared([
            ("name", name.into()),
            ("kernel", self.kernel.into()),
            ("initrds", self.initrds.into()),
            ("rootfs", self.rootfs.into()),
            ("args", self.args.into()),
            ("arch", self.arch.into()),
            ("labels", json!(pairs::collect("--label", self.labels)?)),
            ("params", json!(pairs::collect("--param", self.params)?)),
            ("declares", json!(pairs::collect("--declare", self.declares)?)),
            ("templates", json!(pairs::collect("--template", self.templates)?)),
        ])
    }
}

impl Plain for domain::Image {
    const NOUN: Noun = Noun::Image;
    const FIELDS: &'static [&'static str] =
        &["name", "kernel", "initrds", "rootfs", "args", "arch", "labels", "params", "declares", "templates"];

    fn name(&self) -> &Name {
        &self.name
    }

    fn of(resource: manifest::Resource) -> Option<Self> {
        match resource {
            manifest::Resource::Image(image) => Some(image),
            _ => None,
        }
    }
}

impl Row for Image {
    const COLUMNS: &'static [&'static str] = &["NAME", "KERNEL", "ARCH", "TEMPLATES"];
    const WIDE: &'static [&'static str] =
        &["INITRDS", "ROOTFS", "ARGS", "LABELS", "PARAMS", "DECLARES", "REVISION"];

    fn cells(&self) -> Vec<String> {
        let image = &self.value;
        vec![
            image.name.to_string(),
            convert::text(image.kernel.as_ref()),
            convert::text(image.arch.as_ref()),
            convert::cell(&image.templates),
            image.initrds.join(","),
            convert::text(image.rootfs.as_ref()),
            image.args.join(" "),
            convert::cell(&image.labels),
            convert::cell(&image.params),
            image.declares.keys().cloned().collect::<Vec<_>>().join(","),
            self.revision.to_string(),
        ]
    }
}

impl Resource for Image {
    const NOUN: Noun = Noun::Image;

    fn name(&self) -> &str {
        self.value.name.as_str()
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    async fn list(api: &Api, options: pb::ListOptions) -> Result<Page<Self>, Failure> {
        let request = pb::ListImagesRequest { options: Some(options) };
        let answer = api.images().list_images(request).await?.into_inner();
        let rows = answer.images.into_iter().map(Self::try_from).collect::<Result<_, _>>()?;
        Ok(Page { rows, next: answer.next_page_token, total: answer.total })
    }

    async fn get(api: &Api, name: &str) -> Result<Self, Failure> {
        let request = pb::GetImageRequest { name: name.to_owned() };
        let answer = api.images().get_image(request).await?.into_inner();
        answer.image.unwrap_or_default().try_into()
    }

    async fn register(self, api: &Api, write: &Write) -> Result<Written, Failure> {
        let Write { base_revision, dry_run, message, force } = write.clone();
        let request =
            pb::RegisterImageRequest { image: Some(self.into()), base_revision, dry_run, message, force };
        Ok(api.images().register_image(request).await?.into_inner().result.into())
    }

    async fn update(self, api: &Api, write: &Write) -> Result<Written, Failure> {
        let Write { base_revision, dry_run, message, force } = write.clone();
        let request =
            pb::UpdateImageRequest { image: Some(self.into()), base_revision, dry_run, message, force };
        Ok(api.images().update_image(request).await?.into_inner().result.into())
    }

    async fn delete(api: &Api, name: &str, write: &Write) -> Result<Written, Failure> {
        let Write { base_revision, dry_run, message, force } = write.clone();
        let request =
            pb::DeleteImageRequest { name: name.to_owned(), base_revision, dry_run, message, force };
        Ok(api.images().delete_image(request).await?.into_inner().result.into())
    }
}

impl TryFrom<pb::Image> for Image {
    type Error = Failure;

    fn try_from(image: pb::Image) -> Result<Self, Failure> {
        let pb::Image {
            name,
            kernel,
            initrds,
            rootfs,
            args,
            arch,
            params,
            declares,
            templates,
            revision,
            labels,
        } = image;
        let image = domain::Image {
            name: convert::parse(&name)?,
            kernel: convert::some(kernel),
            initrds,
            rootfs: convert::some(rootfs),
            args,
            arch: convert::some(arch),
            labels,
            params: convert::params(params),
            declares: declares.into_iter().map(|(name, spec)| (name, convert::spec(spec))).collect(),
            templates: convert::templates(templates)?,
        };
        Ok(Self::new(image, revision))
    }
}

impl From<Image> for pb::Image {
    fn from(image: Image) -> Self {
        let Image { value, revision, .. } = image;
        let domain::Image { name, kernel, initrds, rootfs, args, arch, labels, params, declares, templates } =
            value;
        Self {
            name: name.into(),
            kernel: convert::text(kernel),
            initrds,
            rootfs: convert::text(rootfs),
            args,
            arch: convert::text(arch),
            params: convert::params_text(params),
            declares: declares.into_iter().map(|(name, spec)| (name, convert::spec_text(&spec))).collect(),
            templates: convert::templates_text(templates),
            revision,
            labels,
        }
    }
}
