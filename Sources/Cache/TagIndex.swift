import Gateway

/// Which slots hold answers with a tag. As large as the tags of the entries that are there, and no larger: who removes an
/// entry removes it here.
struct TagIndex {
    private var slots: [CacheTag: Set<Int32>] = [:]

    /// How many tags there are.
    var count: Int { slots.count }

    mutating func add(_ slot: Int32, tags: [CacheTag]) {
        for tag in tags { slots[tag, default: []].insert(slot) }
    }

    mutating func remove(_ slot: Int32, tags: [CacheTag]) {
        for tag in tags {
            // In place: taking the set out, or reading it first, would copy it.
            slots[tag]?.remove(slot)
            if slots[tag]?.isEmpty == true { slots[tag] = nil }
        }
    }

    func slots(with tag: CacheTag) -> Set<Int32> { slots[tag] ?? [] }
}
