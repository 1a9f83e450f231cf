/// Which slots hold answers with a tag, or with a key. As large as the names of the entries that are there, and no larger: who
/// removes an entry removes it here.
struct SlotIndex<Name: Hashable & Sendable>: Sendable {
    private var slots: [Name: Set<Int32>] = [:]

    /// How many names there are.
    var count: Int { slots.count }

    mutating func add(_ slot: Int32, _ name: Name) { slots[name, default: []].insert(slot) }

    mutating func remove(_ slot: Int32, _ name: Name) {
        // In place: taking the set out, or reading it first, would copy it.
        slots[name]?.remove(slot)
        if slots[name]?.isEmpty == true { slots[name] = nil }
    }

    func slots(with name: Name) -> Set<Int32> { slots[name] ?? [] }
}
