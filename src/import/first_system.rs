//! The first system's tables, from a plain dump of its Postgres: `images(name, kernel, initrd, rootfs)` and
//! `machines(name, mac, uuid, image_id)`, with `id` and `deleted_at` as gorm makes them.

use std::collections::BTreeMap;
use std::path::Path;

use super::dump::{Row, Table, tables};
use super::naming::Naming;
use super::{Import, line};
use crate::domain::{Image, Kind, Mac, Machine, Name, Uuid};
use crate::manifest::{Place, Problem};

/// The built-in template that renders what the first system did.
const COREOS: &str = "coreos";

/// Reads a dump. `path` is for messages.
///
/// # Errors
/// That it is no such dump.
pub fn first_system(text: &str, path: &Path) -> Result<Import, Vec<Problem>> {
    let problem = |at: usize, what: String| {
        let place = if at == 0 { Place::of_file(path) } else { line(path, at) };
        vec![Problem { place, what }]
    };
    let mut tables = tables(text).map_err(|(at, what)| problem(at, what))?;
    let mut take = |name: &str, columns: &[&str]| {
        let table = tables.remove(name).ok_or_else(|| {
            let how = "pg_dump --data-only --table=images --table=machines (without --inserts)";
            problem(0, format!("there is no COPY of the table {name} here; make the dump with {how}"))
        })?;
        match table.lacks(columns) {
            None => Ok(table),
            Some(column) => Err(problem(0, format!("the table {name} has no column {column}"))),
        }
    };
    let images = take("images", &["id", "name", "kernel", "initrd", "rootfs"])?;
    let machines = take("machines", &["id", "name", "mac", "uuid", "image_id"])?;
    let mut import = Import::default();
    let names = read_images(&images, path, &mut import);
    read_machines(&machines, &names, path, &mut import);
    Ok(import)
}

/// The names of the images by their `id`.
fn read_images(table: &Table, path: &Path, import: &mut Import) -> BTreeMap<String, Name> {
    let (mut naming, mut names) = (Naming::default(), BTreeMap::new());
    for row in live(table, "images", path, import) {
        let place = line(path, row.line);
        let get = |column| table.get(row, column).filter(|text| !text.is_empty());
        let wanted = get("name").unwrap_or_default();
        let Some((name, other)) = naming.name(wanted) else {
            import.leave_out(place, "this image has no name");
            continue;
        };
        if other {
            import.note(place.clone(), format!("the image {wanted:?} becomes {name}"));
        }
        let mut image = Image::new(name.clone());
        image.kernel = get("kernel").map(str::to_owned);
        image.initrds = get("initrd").map(str::to_owned).into_iter().collect();
        image.rootfs = get("rootfs").map(str::to_owned);
        if image.rootfs.is_some()
            && let Ok(template) = COREOS.parse()
        {
            image.templates.insert(Kind::Ipxe, template);
        }
        let before = import.resources.len();
        import.add(place, image.into());
        if import.resources.len() > before
            && let Some(id) = get("id")
        {
            names.insert(id.to_owned(), name);
        }
    }
    names
}

fn read_machines(table: &Table, images: &BTreeMap<String, Name>, path: &Path, import: &mut Import) {
    let mut naming = Naming::default();
    let (mut macs, mut uuids) = (BTreeMap::new(), BTreeMap::new());
    for row in live(table, "machines", path, import) {
        let place = line(path, row.line);
        let get = |column| table.get(row, column).filter(|text| !text.is_empty());
        let mac = match get("mac").map(str::parse::<Mac>).transpose() {
            Ok(mac) => mac,
            Err(error) => {
                import
                    .leave_out(place, format!("machine {}: {error}", get("name").unwrap_or("without name")));
                continue;
            }
        };
        let wanted =
            get("name").map(str::to_owned).or_else(|| mac.as_ref().map(|mac| mac.hyphenated().to_string()));
        let Some((name, other)) = naming.name(&wanted.clone().unwrap_or_default()) else {
            import.leave_out(place, "this machine has neither a name nor a MAC");
            continue;
        };
        if other {
            import
                .note(place.clone(), format!("the machine {:?} becomes {name}", wanted.unwrap_or_default()));
        }
        let mut machine = Machine::new(name.clone());
        if let Some(mac) = mac {
            if let Some(first) = macs.insert(mac, name.clone()) {
                import.leave_out(place, format!("machine {name}: {first} has the MAC {mac} already"));
                continue;
            }
            machine.macs = vec![mac];
        }
        machine.uuid = uuid(get("uuid"), &name, &mut uuids, &place, import);
        if let Some(id) = get("image_id").filter(|id| *id != "0") {
            machine.image = images.get(id).cloned();
            if machine.image.is_none() {
                let what = format!(
                    "machine {name}: its image (id {id}) is deleted or not there; it is bound to none"
                );
                import.note(place.clone(), what);
            }
        }
        import.add(place, machine.into());
    }
}

/// The UUID that tells this machine from others, if it has one.
fn uuid(
    text: Option<&str>,
    name: &Name,
    taken: &mut BTreeMap<Uuid, Name>,
    place: &Place,
    import: &mut Import,
) -> Option<Uuid> {
    let told = match text?.parse::<Uuid>() {
        Err(error) => format!("machine {name}: {error}; it is known by its MAC only"),
        Ok(uuid) if uuid.is_placeholder() => {
            format!("machine {name}: many machines have the UUID {uuid}; it is known by its MAC only")
        }
        Ok(uuid) => match taken.get(&uuid) {
            Some(first) => {
                format!("machine {name}: {first} has the UUID {uuid} too; it is known by its MAC only")
            }
            None => {
                taken.insert(uuid, name.clone());
                return Some(uuid);
            }
        },
    };
    import.note(place.clone(), told);
    None
}

/// The rows that were not deleted; gorm keeps those with the time of it.
fn live<'a>(table: &'a Table, name: &str, path: &Path, import: &mut Import) -> Vec<&'a Row> {
    let (gone, live): (Vec<&Row>, Vec<&Row>) =
        table.rows.iter().partition(|row| table.get(row, "deleted_at").is_some());
    if !gone.is_empty() {
        let what = format!("{name}: {} deleted (deleted_at is set), and so not imported", gone.len());
        import.note(Place::of_file(path), what);
    }
    live
}
