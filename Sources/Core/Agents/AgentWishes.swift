/// Finds the agents that a message asks for by name or id: `@luna` anywhere in its beginning; `luna, …` and `luna: …` at its
/// very beginning; `ask luna to …`, `hey luna, …` and the like where a sentence begins.
///
/// A name that is a word of its own, as in "ask dev ops" or "dev server", is no wish: what follows must be a mark, the end
/// or a word that goes on with a request.
struct AgentWishes: Sendable {
    private var indexes: [UInt32: Int] = [:]
    /// Bytes of a message that are looked at.
    private static let readLimit = 512

    init(agents: [Agent]) {
        // Ids after names: they are unique.
        for name in [\Agent.name, \Agent.id] {
            for (index, agent) in agents.enumerated() {
                if let hash = Self.soleHash(of: agent[keyPath: name]) { indexes[hash] = index }
            }
        }
    }

    /// The hash of a text that is one word.
    private static func soleHash(of text: String) -> UInt32? {
        var hashes: [UInt32] = []
        TextSample.read(text) { bytes, _ in HashedWords.forEach(in: bytes) { hashes.append($0.hash) } }
        return hashes.count == 1 ? hashes[0] : nil
    }

    /// In the order of the message; empty for none.
    func agents(wishedIn text: String) -> [Int] {
        var text = text
        return text.withUTF8 { bytes in
            agents(in: UnsafeBufferPointer(rebasing: bytes.prefix(Self.readLimit)), isCut: bytes.count > Self.readLimit)
        }
    }

    private func agents(in bytes: UnsafeBufferPointer<UInt8>, isCut: Bool) -> [Int] {
        var finder = WishFinder(bytes: bytes, isCut: isCut)
        HashedWords.forEach(in: bytes) { word in
            finder.see(word, agent: indexes[word.hash])
        }
        finder.end()
        return finder.found
    }
}

/// Walks the words of a message's beginning.
private struct WishFinder {
    let bytes: UnsafeBufferPointer<UInt8>
    /// Whether the message goes on behind `bytes`.
    let isCut: Bool
    private(set) var found: [Int] = []
    /// Names after an asking word, that wait for what follows.
    private var pending: [Int]?
    private var previous: UInt32 = 0
    private var previousEnd = 0
    private var previousBegan = false

    init(bytes: UnsafeBufferPointer<UInt8>, isCut: Bool) {
        self.bytes = bytes
        self.isCut = isCut
    }

    mutating func see(_ word: HashedWord, agent: Int?) {
        let gap = previousEnd..<word.start
        settle(before: word, gap, isName: agent != nil)
        if let agent { name(agent, word, gap) }
        previousBegan = begins(gap)
        previous = word.hash
        previousEnd = word.end
    }

    /// Decides over names that wait, by what comes after them.
    private mutating func settle(before word: HashedWord, _ gap: Range<Int>, isName: Bool) {
        guard let waiting = pending else { return }
        if has(",:;.!?-\n", in: gap) || WishWords.goesOn.contains(word.hash) {
            add(waiting)
            pending = nil
        } else if !WishWords.joins.contains(word.hash), !(isName && WishWords.joins.contains(previous)) {
            // But "ask luna and quinn" waits on.
            pending = nil
        }
    }

    private mutating func name(_ agent: Int, _ word: HashedWord, _ gap: Range<Int>) {
        if word.start > 0, bytes[word.start - 1] == UInt8(ascii: "@"), isMention(word) { return add([agent]) }
        if WishWords.joins.contains(previous), let waiting = pending {
            pending = waiting + [agent]
        } else if WishWords.asks.contains(previous), previousBegan, !has(".!?\n", in: gap) {
            pending = [agent]
        } else if previousEnd == 0, word.end < bytes.count, has(",:", in: word.end..<word.end + 1) {
            add([agent])
        }
    }

    /// `@name` with nothing of an address or path around it.
    private func isMention(_ word: HashedWord) -> Bool {
        let before = word.start - 2
        guard before < 0 || " \n\t(,".utf8.contains(bytes[before]) else { return false }
        guard word.end < bytes.count else { return !isCut }
        // `@dev.to`, `@dev/tools` and `@dev-team` are other things.
        if "/-_@".utf8.contains(bytes[word.end]) { return false }
        return bytes[word.end] != UInt8(ascii: ".") || word.end + 1 == bytes.count || " \n".utf8.contains(bytes[word.end + 1])
    }

    private mutating func add(_ agents: [Int]) {
        for agent in agents where !found.contains(agent) { found.append(agent) }
    }

    /// Whether a sentence begins after the gap, or a polite word stands before.
    private func begins(_ gap: Range<Int>) -> Bool {
        previousEnd == 0 || has(".!?\n,;:", in: gap) || WishWords.leads.contains(previous)
    }

    private func has(_ marks: StaticString, in gap: Range<Int>) -> Bool {
        marks.withUTF8Buffer { marks in gap.contains { marks.contains(bytes[$0]) } }
    }

    mutating func end() {
        if let pending, !isCut { add(pending) }
        pending = nil
    }
}

/// The words around a wish, as hashes.
private enum WishWords {
    static let asks = hashes(
        "ask", "tell", "let", "have", "get", "hey", "hi", "hello", "dear", "frag", "frage", "bitte", "demande", "demandez",
        "pregunta", "preguntale", "hallo", "hola", "bonjour")
    static let leads = hashes("please", "can", "could", "you", "and", "then", "just", "to", "now", "so", "ok", "okay")
    static let joins = hashes("and", "und", "et", "y", "or", "plus")
    static let goesOn = hashes(
        "to", "for", "about", "how", "why", "what", "whether", "if", "which", "where", "when", "who", "can", "could", "should",
        "would", "will", "please", "i", "we", "my", "our", "do", "does", "is", "are", "help", "design", "write", "test", "plan",
        "review", "check", "look", "make", "build", "fix", "draw", "know", "answer", "zu", "nach", "ob", "wie", "warum", "was",
        "de", "si", "como", "comment", "pourquoi", "que")

    private static func hashes(_ words: String...) -> Set<UInt32> {
        Set(words.map { word in word.utf8.reduce(FeatureHash.word, FeatureHash.extend) })
    }
}
