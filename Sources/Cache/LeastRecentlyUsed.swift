package import Gateway

/// A bounded store that forgets what was not used for longest, and each entry at its own time: a machine without a clock
/// of its own. Every operation but ``removeExpired(now:atMost:)`` takes constant time.
///
/// Reading an entry makes it the last to be forgotten, and does not change when it expires. Entries may belong to a
/// group, which then holds no more than its quota and forgets its own oldest first.
package struct LeastRecentlyUsed<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// What it holds at most.
    package struct Limits: Sendable {
        /// Most entries.
        package var entries: Int
        /// Most bytes of all entries together.
        package var bytes: Int
        /// Most entries of one group.
        package var entriesPerGroup: Int

        package init(entries: Int, bytes: Int, entriesPerGroup: Int = .max) {
            self.entries = entries
            self.bytes = bytes
            self.entriesPerGroup = entriesPerGroup
        }
    }

    /// A value under its key.
    package struct Entry: Sendable {
        package let key: Key
        package let value: Value
        /// What it counts for.
        package let bytes: Int
        /// The first instant at which it is no longer there.
        package let expires: Instant
        /// nil for an entry of no group.
        package let group: String?

        package init(key: Key, value: Value, bytes: Int, expires: Instant, group: String? = nil) {
            self.key = key
            self.value = value
            self.bytes = bytes
            self.expires = expires
            self.group = group
        }
    }

    /// Why an entry is gone.
    package enum Reason: Sendable, Equatable {
        case evicted, expired, replaced, removed
    }

    /// An entry that is gone, from where, and why.
    package struct Removal: Sendable {
        package let slot: Int32
        package let entry: Entry
        package let reason: Reason
    }

    /// What a key leads to.
    package enum Found: Sendable {
        case value(Value)
        /// Indirect, so that what is usual need not be moved in the size of what is rare.
        indirect case expired(Removal)
        case absent
    }

    /// What became of an entry that was to be put in.
    package enum Insertion: Sendable {
        case done(slot: Int32, removals: [Removal])
        /// It alone is over the limits, or already expired. An older value of its key is gone nevertheless.
        case refused(removals: [Removal])
    }

    /// As they were given.
    package let limits: Limits
    /// Of all entries.
    package private(set) var bytes = 0
    /// How many entries there are.
    package var count: Int { order.count }

    private var slots: [Entry?] = []
    private var freeSlots: [Int32] = []
    private var index: [Key: Int32] = [:]
    private var lists = SlotLists()
    private var order = SlotLists.List()
    private var groupLists = SlotLists()
    private var groups: [String: SlotLists.List] = [:]
    /// Where the next sweep goes on.
    private var hand = 0

    package init(limits: Limits) {
        self.limits = limits
    }

    /// Of all entries, in no order.
    package var keys: [Key] { Array(index.keys) }

    /// Finds a value and makes it the one used last, or removes it if its time is over.
    package mutating func find(_ key: Key, now: Instant) -> Found {
        guard let slot = index[key], let entry = slots[Int(slot)] else { return .absent }
        guard now < entry.expires else { return .expired(remove(slot, entry, .expired)) }
        lists.renew(slot, in: &order)
        if let group = entry.group { groupLists.renew(slot, in: &groups[group, default: .init()]) }
        return .value(entry.value)
    }

    /// Puts an entry in as the one used last, in the place of one with the same key, and makes room for it.
    package mutating func insert(_ entry: Entry, now: Instant) -> Insertion {
        var removals: [Removal] = []
        if let removal = remove(entry.key, .replaced) { removals.append(removal) }
        guard entry.bytes <= limits.bytes, limits.entries > 0, limits.entriesPerGroup > 0, now < entry.expires else {
            return .refused(removals: removals)
        }
        if let group = entry.group, let list = groups[group], list.count >= limits.entriesPerGroup {
            evict(list.oldest, &removals)
        }
        while count >= limits.entries || bytes > limits.bytes - entry.bytes { evict(order.oldest, &removals) }

        let slot = takeSlot()
        slots[Int(slot)] = entry
        index[entry.key] = slot
        bytes += entry.bytes
        lists.add(slot, to: &order)
        if let group = entry.group { groupLists.add(slot, to: &groups[group, default: .init()]) }
        return .done(slot: slot, removals: removals)
    }

    /// Takes an entry out; nil where there is none.
    package mutating func remove(_ key: Key) -> Removal? { remove(key, .removed) }

    /// The same for the entry in a slot.
    package mutating func remove(slot: Int32) -> Removal? { slots[safe: slot].map { remove(slot, $0, .removed) } }

    /// Looks at `atMost` entries, going on where the last call ended, and removes those whose time is over.
    package mutating func removeExpired(now: Instant, atMost: Int) -> [Removal] {
        var removals: [Removal] = []
        for _ in 0..<min(atMost, slots.count) {
            hand = hand + 1 < slots.count ? hand + 1 : 0
            guard let entry = slots[hand], entry.expires <= now else { continue }
            removals.append(remove(Int32(hand), entry, .expired))
        }
        return removals
    }

    /// A new store with the same limits, in the place of all entries. How many there were.
    package mutating func removeAll() -> Int {
        defer { self = LeastRecentlyUsed(limits: limits) }
        return count
    }

    private mutating func evict(_ slot: Int32, _ removals: inout [Removal]) {
        if let entry = slots[safe: slot] { removals.append(remove(slot, entry, .evicted)) }
    }

    private mutating func remove(_ key: Key, _ reason: Reason) -> Removal? {
        guard let slot = index[key], let entry = slots[Int(slot)] else { return nil }
        return remove(slot, entry, reason)
    }

    private mutating func remove(_ slot: Int32, _ entry: Entry, _ reason: Reason) -> Removal {
        slots[Int(slot)] = nil
        freeSlots.append(slot)
        index[entry.key] = nil
        bytes -= entry.bytes
        lists.remove(slot, from: &order)
        if let group = entry.group {
            groupLists.remove(slot, from: &groups[group, default: .init()])
            if groups[group]?.count == 0 { groups[group] = nil }
        }
        return Removal(slot: slot, entry: entry, reason: reason)
    }

    private mutating func takeSlot() -> Int32 {
        if let slot = freeSlots.popLast() { return slot }
        slots.append(nil)
        lists.addSlot()
        groupLists.addSlot()
        return Int32(slots.count - 1)
    }
}

extension Array {
    /// nil for no slot and for an empty one.
    fileprivate subscript<Entry>(safe slot: Int32) -> Entry? where Element == Entry? {
        slot == SlotLists.none ? nil : self[Int(slot)]
    }
}
