//! No module imports, over any number of others, one that imports it: each can be read, and moved, with what stands below it.

use std::collections::{BTreeMap, BTreeSet};

use crate::architecture::{rust_files, source_folders};

/// A module's name from the root of the crate; the root's own is empty.
pub type Module = Vec<String>;

/// By folder, who imports whom; the modules below one count as that one.
pub type Arrows = BTreeMap<Module, BTreeMap<String, BTreeSet<String>>>;

#[test]
fn there_is_none() {
    let of = |folder: &String| circles(&arrows_in(folder)).into_iter().map(|circle| format!("{folder}: {circle}")).collect();
    let found: Vec<String> = source_folders().iter().flat_map::<Vec<_>, _>(of).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn one_is_found() {
    let file = |name: &str, code: &str| (format!("{name}.rs"), code.to_owned());
    let of = |files: &[(String, String)]| circles(&arrows(files));
    let a = file("a", "use crate::{b::{self, Deep}, error::Error};");
    let b = file("b/mod.rs".trim_end_matches(".rs"), "mod deep; mod far; pub(crate) use deep::{Deep, Other as Plain};");
    let deep = file("b/deep", "use super::far::Far; fn f() -> crate::c::C { crate::c::c() }");
    let far = file("b/far", "use std::fmt; use super::super::error::Error; struct Far;");
    let straight = [a, b, deep, far, file("c", "use crate::error::Error;"), file("error", ""), file("lib", "pub mod a;")];
    assert_eq!(of(&straight), Vec::<String>::new());

    let with = |at: usize, code: &str| {
        let mut files = straight.clone();
        files[at].1.push_str(code);
        of(&files)
    };
    // At the top, over a module further down.
    assert_eq!(with(4, "use crate::a::A;"), ["crate: a, b, c"]);
    // Among siblings, by the name under which their folder hands something on.
    assert_eq!(with(3, "use super::Plain;"), ["crate::b: deep, far"]);
    // A module may use what its own folder defines, and a test what it tests.
    assert_eq!(with(3, "use super::own; #[cfg(test)] mod tests { use super::super::Deep; }"), Vec::<String>::new());
}

/// Those of the crate whose sources a folder holds.
pub fn arrows_in(folder: &str) -> Arrows {
    let below = |name: String| name.strip_prefix(folder).unwrap().trim_start_matches('/').to_owned();
    arrows(&rust_files(folder).into_iter().map(|(name, code)| (below(name), code)).collect::<Vec<_>>())
}

fn arrows(files: &[(String, String)]) -> Arrows {
    // The tests of a module stand at its end; they may reach for anything.
    let modules: BTreeMap<Module, &str> =
        files.iter().map(|(name, code)| (module_of(name), code.split("#[cfg(test)]").next().unwrap())).collect();
    let mut handed_on = BTreeMap::new();
    for (module, code) in &modules {
        for behind in ["pub use ", "pub(crate) use ", "pub(super) use "].iter().flat_map(|begin| code.split(begin).skip(1)) {
            for (path, name) in tree(behind) {
                let target = module.iter().cloned().chain(path).collect();
                handed_on.insert((module.clone(), name), deepest(&modules, target));
            }
        }
    }
    let mut arrows = Arrows::new();
    for (module, code) in &modules {
        for path in references(module, code) {
            let target = resolve(&modules, &handed_on, &path);
            let shared = module.iter().zip(&target).take_while(|(a, b)| a == b).count();
            if let (Some(from), Some(to)) = (module.get(shared), target.get(shared)) {
                arrows.entry(module[..shared].to_vec()).or_default().entry(from.clone()).or_default().insert(to.clone());
            }
        }
    }
    arrows
}

/// Each set of siblings that import one another, with their folder.
fn circles(arrows: &Arrows) -> Vec<String> {
    let mut found = BTreeSet::new();
    for (folder, imports) in arrows {
        let reached: BTreeMap<_, _> = imports.keys().map(|name| (name, reach(imports, name))).collect();
        for (name, all) in &reached {
            let members: Vec<_> =
                all.iter().filter(|other| reached.get(other).is_some_and(|back| back.contains(*name))).cloned().collect();
            if !members.is_empty() {
                let place = [&["crate".to_owned()], &folder[..]].concat().join("::");
                found.insert(format!("{place}: {}", members.join(", ")));
            }
        }
    }
    found.into_iter().collect()
}

fn reach(imports: &BTreeMap<String, BTreeSet<String>>, from: &String) -> BTreeSet<String> {
    let (mut all, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(name) = next.pop() {
        for other in imports.get(name).into_iter().flatten() {
            if all.insert(other.clone()) {
                next.push(other);
            }
        }
    }
    all
}

fn module_of(file: &str) -> Module {
    let path = file.trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    if matches!(path, "lib" | "main") { Module::new() } else { path.split('/').map(str::to_owned).collect() }
}

/// The paths that code names from the crate's root or from the module above, from the root.
fn references(module: &Module, code: &str) -> Vec<Module> {
    let mut found = Vec::new();
    for (word, base) in [("crate::", Some(&[][..])), ("super::", module.split_last().map(|(_, above)| above))] {
        let Some(base) = base else { continue };
        for (at, _) in code.match_indices(word) {
            // A part of a longer path is read with that.
            if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let (mut base, mut rest) = (base, &code[at + word.len()..]);
            while let Some(behind) = rest.strip_prefix("super::") {
                (base, rest) = (base.split_last().map_or(base, |(_, above)| above), behind);
            }
            found.extend(tree(rest).into_iter().map(|(path, _)| base.iter().cloned().chain(path).collect::<Module>()));
        }
    }
    found
}

/// The paths of a use tree, or the one path, at the beginning of `code`; each with the name under which it is imported.
fn tree(code: &str) -> Vec<(Module, String)> {
    let mut found = Vec::new();
    read_tree(code, &Module::new(), &mut found);
    found
}

/// Reads one tree, and returns what stands behind it.
fn read_tree<'a>(code: &'a str, before: &Module, found: &mut Vec<(Module, String)>) -> &'a str {
    let code = code.trim_start();
    if let Some(mut rest) = code.strip_prefix('{') {
        loop {
            rest = read_tree(rest, before, found).trim_start();
            match rest.strip_prefix(',') {
                Some(behind) if !behind.trim_start().starts_with('}') => rest = behind,
                Some(behind) => return behind.trim_start().trim_start_matches('}'),
                None => return rest.strip_prefix('}').unwrap_or(rest),
            }
        }
    }
    let (name, rest) = word(code);
    let mut path = before.clone();
    path.push(name.to_owned());
    if let Some(behind) = rest.strip_prefix("::") {
        return read_tree(behind, &path, found);
    }
    if name == "self" {
        path.pop();
    }
    let (alias, rest) = match rest.trim_start().strip_prefix("as ") {
        Some(behind) => word(behind.trim_start()),
        None => (name, rest),
    };
    found.push((path, alias.to_owned()));
    rest
}

fn word(code: &str) -> (&str, &str) {
    code.split_at(code.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(code.len()))
}

/// The module that a path ends in, or that its last module hands on from.
fn resolve(modules: &BTreeMap<Module, &str>, handed_on: &BTreeMap<(Module, String), Module>, path: &Module) -> Module {
    let module = deepest(modules, path.clone());
    let next = path.get(module.len()).and_then(|name| handed_on.get(&(module.clone(), name.clone())));
    next.cloned().unwrap_or(module)
}

fn deepest(modules: &BTreeMap<Module, &str>, mut path: Module) -> Module {
    while !path.is_empty() && !modules.contains_key(&path) {
        path.pop();
    }
    path
}
