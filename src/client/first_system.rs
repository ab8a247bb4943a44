//! The commands of the first system's client, under their old names.

use std::io::{self, Write as _};

use clap::Args;
use serde::Serialize;

use super::cli::ReasonArgs;
use super::failure::{Exit, Failure};
use super::print::{Record, Records, Row};
use super::session::Session;
use super::table::bordered;
use super::verbs::{Report, report};
use crate::domain::Noun;
use crate::proto::first_system;
use crate::proto::pxe_init::RegisterMachineImageRequest;

#[derive(Debug, Args)]
pub(super) struct RegisterMachineImageArgs {
    /// MAC address of the machine, in any spelling
    #[arg(long, value_name = "MAC")]
    mac_address: String,
    /// Name of the image that it boots from now on
    #[arg(long, value_name = "IMAGE")]
    image_name: String,
    /// Check everything, write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    reason: ReasonArgs,
}

/// An image as the first system shows it: with absolute URLs, and one initrd.
#[derive(Debug, Serialize)]
struct FirstImage {
    name: String,
    kernel: String,
    initrd: String,
    rootfs: String,
}

pub(super) async fn list_images(session: &Session) -> Result<Exit, Failure> {
    let request = first_system::ListImagesRequest {};
    let answer = session.api.first_system().list_images(request).await?.into_inner();
    let images: Vec<FirstImage> = answer.images.into_iter().map(FirstImage::from).collect();
    match session.output.format() {
        None => {
            let rows: Vec<_> = images.iter().map(Row::cells).collect();
            io::stdout().write_all(bordered(FirstImage::COLUMNS, &rows).as_bytes())?;
        }
        Some(format) => {
            let mut records = Records::new(format);
            records.page(&images)?;
            records.finish()?;
        }
    }
    Ok(Exit::Ok)
}

pub(super) async fn register_machine_image(
    session: &Session,
    args: RegisterMachineImageArgs,
) -> Result<Exit, Failure> {
    let RegisterMachineImageArgs { mac_address: mac, image_name: image, dry_run, reason } = args;
    let ReasonArgs { message, force } = reason;
    let request = RegisterMachineImageRequest { mac: mac.clone(), image, dry_run, message, force };
    let answer = session.api.machines().register_machine_image(request).await?.into_inner();
    let machine = answer.machine.unwrap_or_default();
    report(session, &Report::new(Noun::Machine, &machine.name, dry_run, answer.result.into()))?;
    if !dry_run {
        session.say(format_args!("machine {} ({mac}) boots image {}", machine.name, machine.image));
    }
    Ok(Exit::Ok)
}

impl From<first_system::Image> for FirstImage {
    fn from(image: first_system::Image) -> Self {
        let first_system::Image { name, kernel, initrd, rootfs } = image;
        Self { name, kernel, initrd, rootfs }
    }
}

impl Record for FirstImage {
    fn id(&self) -> String {
        format!("image/{}", self.name)
    }
}

impl Row for FirstImage {
    const COLUMNS: &'static [&'static str] = &["NAME", "KERNEL", "INITRD", "ROOTFS"];

    fn cells(&self) -> Vec<String> {
        vec![self.name.clone(), self.kernel.clone(), self.initrd.clone(), self.rootfs.clone()]
    }
}
