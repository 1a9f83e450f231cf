/// What a tenant's secrets are derived from besides the master secret: a replica keeps it, and the replicas tell each other.
package struct TenantSalt: Sendable, Hashable {
    /// The salt before a rotation, while answers under it are still good.
    package struct Former: Sendable, Hashable {
        package let salt: [UInt8]
        /// Milliseconds since 1970.
        package let until: Int64

        package init(salt: [UInt8], until: Int64) {
            self.salt = salt
            self.until = until
        }
    }

    /// Bytes of a salt.
    package static let length = 32

    package let current: [UInt8]
    package let former: Former?
    /// How often the tenant was forgotten. It counts before the epoch: no number of rotations elsewhere undoes a forgetting.
    package let forgettings: UInt64
    /// How often the salt was changed.
    package let epoch: UInt64

    package init(current: [UInt8], former: Former? = nil, forgettings: UInt64 = 0, epoch: UInt64 = 0) {
        self.current = current
        self.former = former
        self.forgettings = forgettings
        self.epoch = epoch
    }

    /// Another salt from now on; the one in force is good for reading until `overlapUntil`, milliseconds since 1970.
    package func rotated(newSalt: [UInt8], overlapUntil: Int64) -> TenantSalt {
        TenantSalt(
            current: newSalt, former: Former(salt: current, until: overlapUntil), forgettings: forgettings, epoch: epoch &+ 1)
    }

    /// Another salt, and none before it: nothing that was stored can be read any more.
    package func forgotten(newSalt: [UInt8]) -> TenantSalt {
        TenantSalt(current: newSalt, forgettings: forgettings &+ 1, epoch: epoch &+ 1)
    }

    /// What both replicas go by when they know different salts: more forgettings win, then the higher epoch, then, for a
    /// decision that is the same everywhere, the smaller salt.
    package func merged(with other: TenantSalt) -> TenantSalt { other.outranks(self) ? other : self }

    /// A total order, which is what makes merging independent of who hears what first.
    private func outranks(_ other: TenantSalt) -> Bool {
        if forgettings != other.forgettings { return forgettings > other.forgettings }
        if epoch != other.epoch { return epoch > other.epoch }
        if current != other.current { return current.lexicographicallyPrecedes(other.current) }
        switch (former, other.former) {
        case (nil, let theirs): return theirs != nil
        case (_, nil): return false
        case (let mine?, let theirs?):
            if mine.salt != theirs.salt { return mine.salt.lexicographicallyPrecedes(theirs.salt) }
            return mine.until < theirs.until
        }
    }
}
