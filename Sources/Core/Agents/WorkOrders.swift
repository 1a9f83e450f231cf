/// Takes a message apart that orders several pieces of work ("design and test the login page"), so that each can be routed on
/// its own. English orders only; questions of the kind "how to design and test" are about one thing.
enum WorkOrders {
    /// Bytes of a message that are looked at.
    private static let readLimit = 2048
    /// Pieces that are looked at.
    private static let taskLimit = 5

    /// The pieces as texts, two or more; empty for a message with fewer.
    static func tasks(in text: String) -> [String] {
        var text = text
        return text.withUTF8 { tasks(in: UnsafeBufferPointer(rebasing: $0.prefix(readLimit))) }
    }

    /// An ordering verb and where its piece begins.
    private struct Order {
        let start: Int
        let verbEnd: Int
        /// Where its object begins, which is where the next order does when it has none.
        var objectStart: Int
    }

    private static func tasks(in bytes: UnsafeBufferPointer<UInt8>) -> [String] {
        var orders: [Order] = []
        var verbFollows = false
        var before: (last: UInt32, secondLast: UInt32, end: Int) = (0, 0, 0)
        HashedWords.forEach(in: bytes) { word in
            if verbFollows, !OrderWords.joins.contains(word.hash) {
                orders[orders.count - 1].objectStart = word.start
                verbFollows = false
            }
            if OrderWords.verbs.contains(word.hash), orders.count < taskLimit, begins(word, bytes, before) {
                orders.append(Order(start: word.start, verbEnd: word.end, objectStart: bytes.count))
                verbFollows = true
            }
            before = (word.hash, before.last, word.end)
        }
        guard orders.count > 1 else { return [] }
        return texts(of: orders, bytes)
    }

    /// Whether an order may begin with this word, by what stands before it.
    private static func begins(
        _ word: HashedWord, _ bytes: UnsafeBufferPointer<UInt8>, _ before: (last: UInt32, secondLast: UInt32, end: Int)
    ) -> Bool {
        if before.end == 0 || OrderWords.leads.contains(before.last) { return true }
        if before.last == OrderWords.to { return OrderWords.wants.contains(before.secondLast) }
        return (before.end..<word.start).contains { ".!?;:,\n*".utf8.contains(bytes[$0]) }
    }

    /// Each verb with its object; a verb without one shares that of the next.
    private static func texts(of orders: [Order], _ bytes: UnsafeBufferPointer<UInt8>) -> [String] {
        var texts: [String] = []
        var object = ""
        for (index, order) in orders.enumerated().reversed() {
            let end = index + 1 < orders.count ? orders[index + 1].start : bytes.count
            if order.objectStart < end { object = string(bytes, order.objectStart..<end) }
            texts.append("\(string(bytes, order.start..<order.verbEnd)) \(object)")
        }
        return texts.reversed()
    }

    private static func string(_ bytes: UnsafeBufferPointer<UInt8>, _ place: Range<Int>) -> String {
        String(decoding: bytes[place], as: UTF8.self)
    }
}

/// The words of orders, as hashes.
private enum OrderWords {
    static let verbs = hashes(
        "design", "redesign", "sketch", "wireframe", "draw", "prototype", "style", "build", "implement", "code", "write",
        "develop", "program", "refactor", "fix", "debug", "create", "add", "make", "test", "verify", "check", "validate",
        "automate", "plan", "estimate", "schedule", "prioritise", "prioritize", "organise", "organize", "budget", "coordinate",
        "architect", "deploy", "scale", "provision", "host", "monitor", "migrate", "document", "review", "draft", "prepare",
        "analyse", "analyze")
    static let joins = hashes("and", "then", "also", "or")
    static let leads = hashes("and", "then", "please", "you", "also", "finally", "first", "next", "me", "lets", "s")
    static let to: UInt32 = "to".utf8.reduce(FeatureHash.word, FeatureHash.extend)
    /// Before "to": whose work is wanted.
    static let wants = hashes("you", "need", "want", "like", "us", "me", "have", "someone", "team")

    private static func hashes(_ words: String...) -> Set<UInt32> {
        Set(words.map { word in word.utf8.reduce(FeatureHash.word, FeatureHash.extend) })
    }
}
