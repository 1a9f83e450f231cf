/// Doubly linked lists over numbered slots, in two arrays. A slot is in one list at most.
struct SlotLists {
    /// No slot.
    static let none: Int32 = -1

    /// A list's ends and length.
    struct List {
        fileprivate(set) var newest = SlotLists.none
        fileprivate(set) var oldest = SlotLists.none
        fileprivate(set) var count = 0
    }

    private struct Links {
        var newer: Int32
        var older: Int32
    }

    private var links: [Links] = []

    /// Makes room for one slot more.
    mutating func addSlot() { links.append(Links(newer: Self.none, older: Self.none)) }

    /// Puts a slot that is in no list at the newest end.
    mutating func add(_ slot: Int32, to list: inout List) {
        links[Int(slot)] = Links(newer: Self.none, older: list.newest)
        if list.newest == Self.none { list.oldest = slot } else { links[Int(list.newest)].newer = slot }
        list.newest = slot
        list.count += 1
    }

    /// Takes a slot out of the list that it is in.
    mutating func remove(_ slot: Int32, from list: inout List) {
        let (newer, older) = (links[Int(slot)].newer, links[Int(slot)].older)
        if newer == Self.none { list.newest = older } else { links[Int(newer)].older = older }
        if older == Self.none { list.oldest = newer } else { links[Int(older)].newer = newer }
        list.count -= 1
    }

    /// Makes a slot of the list its newest.
    mutating func renew(_ slot: Int32, in list: inout List) {
        guard list.newest != slot else { return }
        remove(slot, from: &list)
        add(slot, to: &list)
    }
}
