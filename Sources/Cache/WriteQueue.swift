import Gateway

/// The answers that wait to be written to the remote tier: bounded, and one batch under way at a time. Keeps in mind which
/// of those under way were invalidated meanwhile, since their writes may come after the deletion.
struct WriteQueue {
    struct Write: Sendable {
        let address: CacheAddress
        let resident: Resident

        var key: String { address.key }
        var bytes: Int { resident.answer.footprint }

        func isMeant(by which: CacheInvalidation) -> Bool { which.covers(key: key, tags: resident.answer.tags) }
    }

    let entryLimit: Int
    let byteLimit: Int
    private(set) var waiting: [Write] = []
    /// Of those that wait.
    private(set) var bytes = 0
    private var underWay: [Write] = []
    private var overtaken: Set<String> = []

    init(entryLimit: Int, byteLimit: Int) {
        self.entryLimit = entryLimit
        self.byteLimit = byteLimit
    }

    /// False when the queue is full.
    mutating func add(_ write: Write) -> Bool {
        guard waiting.count < entryLimit, bytes <= byteLimit - write.bytes else { return false }
        waiting.append(write)
        bytes += write.bytes
        return true
    }

    /// The next writes, which then are under way; empty when none wait.
    mutating func takeBatch(atMost count: Int) -> [Write] {
        underWay = Array(waiting.prefix(count))
        waiting.removeFirst(underWay.count)
        bytes -= underWay.reduce(0) { $0 + $1.bytes }
        return underWay
    }

    /// The batch is written. Gives the keys of what was invalidated meanwhile and must be deleted.
    mutating func finishBatch() -> Set<String> {
        underWay = []
        defer { overtaken = [] }
        return overtaken
    }

    /// Takes out what an invalidation means. Gives the keys of those under way that no other has meant before.
    mutating func drop(_ which: CacheInvalidation) -> Set<String> {
        waiting.removeAll { $0.isMeant(by: which) }
        bytes = waiting.reduce(0) { $0 + $1.bytes }
        let meant = Set(underWay.lazy.filter { $0.isMeant(by: which) }.map(\.key)).subtracting(overtaken)
        overtaken.formUnion(meant)
        return meant
    }

    /// Gives up all that wait. How many they were.
    mutating func removeAll() -> Int {
        defer { (waiting, bytes) = ([], 0) }
        return waiting.count
    }
}
