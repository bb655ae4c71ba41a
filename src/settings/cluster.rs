//! The section `[cluster]`.

use std::str::FromStr;

use super::Reader;
use crate::cluster::{
    ClusterOptions, Prices, Shape, Ttl, parse_database_name, parse_node_type, parse_number, parse_stack, parse_subnets,
};
use crate::error::Result;
use crate::source::{Location, parse_endpoint, parse_region};

/// Reads the section; what is not set has its default.
pub(super) fn read(reader: &Reader<'_>) -> Result<ClusterOptions> {
    let default = ClusterOptions::default();
    let number = |key: &str, default: u32, least: u32, most: u32| {
        reader.get(key, |text| parse_number(text, least, most)).map(|value| value.unwrap_or(default))
    };
    let prices = reader.get("cluster.prices", Prices::from_str)?.unwrap_or_default();
    Ok(ClusterOptions {
        stack: reader.get("cluster.stack", parse_stack)?.unwrap_or(default.stack),
        region: reader.get("cluster.region", parse_region)?,
        profile: reader.text("cluster.profile"),
        shape: reader.get("cluster.kind", Shape::from_str)?.unwrap_or(default.shape),
        node_type: reader.get("cluster.node_type", parse_node_type)?.unwrap_or(default.node_type),
        nodes: number("cluster.nodes", default.nodes, 1, 100)?,
        base_rpu: number("cluster.base_rpu", default.base_rpu, 4, 1024)?,
        max_rpu: number("cluster.max_rpu", default.max_rpu, 4, 1024)?,
        rpu_hours_a_day: number("cluster.rpu_hours_a_day", default.rpu_hours_a_day, 1, 1_000_000)?,
        database: reader.get("cluster.database", parse_database_name)?.unwrap_or(default.database),
        admin: reader.get("cluster.admin", parse_database_name)?.unwrap_or(default.admin),
        user: reader.get("cluster.user", parse_database_name)?,
        owner: reader.text("cluster.owner"),
        vpc: reader.text("cluster.vpc"),
        subnets: reader.get("cluster.subnets", parse_subnets)?.unwrap_or_default(),
        enhanced_vpc_routing: reader.flag("cluster.enhanced_vpc_routing")?.unwrap_or(default.enhanced_vpc_routing),
        audit_log: reader.flag("cluster.audit_log")?.unwrap_or(default.audit_log),
        maintenance_window: reader.text("cluster.maintenance_window").unwrap_or(default.maintenance_window),
        snapshot_days: number("cluster.snapshot_days", default.snapshot_days, 1, 35)?,
        ttl: reader.get("cluster.ttl", Ttl::from_str)?.unwrap_or(default.ttl),
        staging: reader.get("cluster.staging", Location::parse)?,
        address_service: reader
            .get("cluster.address_service", |text| parse_endpoint(text, "it").map(|_| text.to_owned()))?
            .unwrap_or(default.address_service),
        prices: prices.dated(reader.text("cluster.prices_as_of")),
    })
}

/// The default of a key of the section, as the settings' table shows it.
pub(super) fn shown(options: &ClusterOptions, key: &str) -> Option<String> {
    match key.strip_prefix("cluster.")? {
        "stack" => Some(options.stack.clone()),
        "kind" => Some(options.shape.name().to_owned()),
        "node_type" => Some(options.node_type.clone()),
        "nodes" => Some(options.nodes.to_string()),
        "base_rpu" => Some(options.base_rpu.to_string()),
        "max_rpu" => Some(options.max_rpu.to_string()),
        "rpu_hours_a_day" => Some(options.rpu_hours_a_day.to_string()),
        "database" => Some(options.database.clone()),
        "admin" => Some(options.admin.clone()),
        "enhanced_vpc_routing" => Some(options.enhanced_vpc_routing.to_string()),
        "audit_log" => Some(options.audit_log.to_string()),
        "maintenance_window" => Some(options.maintenance_window.clone()),
        "snapshot_days" => Some(options.snapshot_days.to_string()),
        "ttl" => Some(options.ttl.to_string()),
        "address_service" => Some(options.address_service.clone()),
        "prices_as_of" => Some(options.prices.as_of.clone()),
        "prices" => Some(options.prices.to_string()),
        _ => None,
    }
}
