//! Opens the port to one address, and closes it.

use std::net::Ipv4Addr;

use super::Cluster;
use super::aws::{StackSpec, StackState};
use super::shape::Shape;
use super::stack_spec::Access;
use crate::error::{Error, Kind, Result};

impl Cluster<'_> {
    /// This machine's address as the cluster would see it.
    ///
    /// # Errors
    /// [`Kind::CloudUnavailable`] when the service does not answer with it.
    pub async fn own_address(&self) -> Result<Ipv4Addr> {
        self.aws.own_address(&self.options().address_service).await
    }

    /// Lets one address connect, and no other.
    ///
    /// # Errors
    /// When the cluster is not in a state to be changed.
    pub async fn open(&self, address: Ipv4Addr) -> Result<()> {
        let access = Self::access_from(address)?;
        if access.public {
            self.refuse_paused().await?;
        }
        self.set_access(access, &format!("this lets {address} connect to port 5439")).await
    }

    /// Lets no address connect. Works on a paused cluster too.
    ///
    /// # Errors
    /// When the stack cannot be changed, or a rule cannot be removed.
    pub async fn close(&self) -> Result<()> {
        let stack = self.present_stack().await?;
        let mut access = Access::closed();
        // A paused cluster cannot be modified; without a rule no address can connect either.
        if self.cluster_is("paused").await? {
            access.public = Access::of(&stack).public;
        }
        let changed = self.set_access(access, "").await;
        // Rules that were added by hand are not the stack's, and let users in all the same. So does the stack's own rule when
        // the stack cannot be changed.
        let Some(group) = self.inside(&stack).await?.group else { return changed };
        let doing = "cannot revoke access";
        for rule in self.aws.rules(&group).await.map_err(Self::cannot(doing))? {
            self.aws.revoke(&group, &rule).await.map_err(Self::cannot(doing))?;
            self.print(&format!("  removed  {} on port {}", rule.from, rule.ports));
        }
        changed
    }

    /// Access for one address. One on the internet reaches only a cluster with a public address.
    pub(super) fn access_from(address: Ipv4Addr) -> Result<Access> {
        if address.is_unspecified() || address.is_loopback() || address.is_multicast() || address.is_broadcast() {
            return Err(Error::new(Kind::Settings, format!("{address} is not an address that can connect"))
                .with_hint("name one machine's address, such as 203.0.113.7"));
        }
        Ok(Access { cidr: format!("{address}/32"), public: !address.is_private() })
    }

    /// Changes who may connect, and nothing else.
    async fn set_access(&self, access: Access, notice: &str) -> Result<()> {
        self.present_stack().await?;
        let stack = self.settled_stack().await?;
        let Some(stack) = stack.filter(StackState::is_sound) else {
            return Err(Error::new(Kind::Cloud, format!("the stack {} is not in a state to be changed", self.name()))
                .with_hint("`sparkify cluster status` shows it"));
        };
        if Access::of(&stack) == access {
            self.print("nothing to change");
            return Ok(());
        }
        // All but the access stays as it is in the stack, whatever the settings say by now.
        let mut spec = StackSpec::like(&stack);
        spec.parameters.insert("AllowedCidr".to_owned(), access.cidr);
        spec.parameters.insert("PubliclyAccessible".to_owned(), access.public.to_string());
        let set = self.aws.propose(self.name(), &spec, false).await?;
        let Some(set) = set else {
            self.print("nothing to change");
            return Ok(());
        };
        if !notice.is_empty()
            && let Err(declined) = self.request.prompt.confirm(notice)
        {
            self.aws.drop_change_set(self.name(), &set).await?;
            return Err(declined);
        }
        self.execute(&set).await
    }

    /// Whether the cluster is in a state.
    pub(super) async fn cluster_is(&self, status: &str) -> Result<bool> {
        let stack = self.present_stack().await?;
        if self.shape_of(&stack) != Shape::Provisioned {
            return Ok(false);
        }
        let Some(id) = self.inside(&stack).await?.cluster else { return Ok(false) };
        let cluster = self.aws.cluster(&id).await.map_err(Self::cannot("cannot describe the cluster"))?;
        Ok(cluster.is_some_and(|cluster| cluster.status == status))
    }

    async fn refuse_paused(&self) -> Result<()> {
        if self.cluster_is("paused").await? {
            return Err(Error::new(Kind::Cloud, "the cluster is paused, and a paused cluster cannot be modified")
                .with_hint("`sparkify cluster resume` first"));
        }
        Ok(())
    }
}
