//! Images: what can be booted.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::params;
use crate::client::api::Api;
use crate::client::cli::{Declare, LABEL_HELP, PARAM_HELP, TargetArgs, WriteArgs};
use crate::client::document;
use crate::client::failure::Failure;
use crate::client::pairs;
use crate::client::print::{Record, Row, yaml};
use crate::client::resource::{Editable, Page, Resource, Write, Written};
use crate::domain::{Noun, ParamSpec};
use crate::proto::pxe_init as pb;

/// The document of an image; `domain::Image` says what the fields mean.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::client) struct Image {
    name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    kernel: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    initrds: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    rootfs: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    args: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    arch: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    params: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    declares: BTreeMap<String, ParamSpec>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    templates: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "document::is_zero")]
    revision: u64,
}

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
    const FIELDS: &'static [&'static str] =
        &["name", "kernel", "initrds", "rootfs", "args", "arch", "labels", "params", "declares", "templates"];

    fn target(&self) -> &TargetArgs {
        &self.target
    }

    fn write(&self) -> &WriteArgs {
        &self.write
    }

    fn declare(self, name: String) -> Result<Image, Failure> {
        Ok(Image {
            name,
            kernel: self.kernel.unwrap_or_default(),
            initrds: self.initrds,
            rootfs: self.rootfs.unwrap_or_default(),
            args: self.args,
            arch: self.arch.unwrap_or_default(),
            labels: pairs::collect("--label", self.labels)?,
            params: pairs::collect("--param", self.params)?,
            declares: pairs::collect("--declare", self.declares)?,
            templates: pairs::collect("--template", self.templates)?,
            revision: 0,
        })
    }
}

impl Record for Image {
    fn id(&self) -> String {
        format!("image/{}", self.name)
    }
}

impl Row for Image {
    const COLUMNS: &'static [&'static str] = &["NAME", "KERNEL", "ARCH", "TEMPLATES"];
    const WIDE: &'static [&'static str] =
        &["INITRDS", "ROOTFS", "ARGS", "LABELS", "PARAMS", "DECLARES", "REVISION"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.name.clone(),
            self.kernel.clone(),
            self.arch.clone(),
            params::cell(&self.templates),
            self.initrds.join(","),
            self.rootfs.clone(),
            self.args.join(" "),
            params::cell(&self.labels),
            params::cell(&self.params),
            self.declares.keys().cloned().collect::<Vec<_>>().join(","),
            self.revision.to_string(),
        ]
    }
}

impl Resource for Image {
    const NOUN: Noun = Noun::Image;

    fn name(&self) -> &str {
        &self.name
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    async fn list(api: &Api, options: pb::ListOptions) -> Result<Page<Self>, Failure> {
        let request = pb::ListImagesRequest { options: Some(options) };
        let answer = api.images().list_images(request).await?.into_inner();
        let rows = answer.images.into_iter().map(Self::from).collect();
        Ok(Page { rows, next: answer.next_page_token, total: answer.total })
    }

    async fn get(api: &Api, name: &str) -> Result<Self, Failure> {
        let request = pb::GetImageRequest { name: name.to_owned() };
        let answer = api.images().get_image(request).await?.into_inner();
        Ok(answer.image.unwrap_or_default().into())
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

impl Editable for Image {
    fn text(&self) -> Result<String, Failure> {
        yaml(&Self { revision: 0, ..self.clone() })
    }

    fn suffix(&self) -> &str {
        ".yaml"
    }

    fn advice(&self) -> Option<String> {
        Some(format!("Fields: {}.", RegisterImage::FIELDS.join(", ")))
    }

    fn edited(&self, text: &str) -> Result<Self, Failure> {
        document::parse(text, Path::new("the edited text"))
    }
}

impl From<pb::Image> for Image {
    fn from(image: pb::Image) -> Self {
        let pb::Image {
            name,
            kernel,
            initrds,
            rootfs,
            args,
            arch,
            labels,
            params,
            declares,
            templates,
            revision,
        } = image;
        Self {
            name,
            kernel,
            initrds,
            rootfs,
            args,
            arch,
            labels,
            params: params::from_proto(params),
            declares: declares
                .into_iter()
                .map(|(name, spec)| (name, params::spec_from_proto(spec)))
                .collect(),
            templates,
            revision,
        }
    }
}

impl From<Image> for pb::Image {
    fn from(image: Image) -> Self {
        let Image {
            name,
            kernel,
            initrds,
            rootfs,
            args,
            arch,
            labels,
            params,
            declares,
            templates,
            revision,
        } = image;
        Self {
            name,
            kernel,
            initrds,
            rootfs,
            args,
            arch,
            labels,
            params: params::to_proto(params),
            declares: declares.into_iter().map(|(name, spec)| (name, params::spec_to_proto(&spec))).collect(),
            templates,
            revision,
        }
    }
}
