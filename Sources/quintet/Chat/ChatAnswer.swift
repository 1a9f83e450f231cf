import NIOCore
import Wire

/// What a streamed answer has come to so far: of one model, or of a team whose members speak at once.
struct ChatAnswer: Sendable {
    /// One choice of the answer: a member of a team, its synthesis, or the only one.
    struct Voice: Sendable {
        /// The choice's.
        let index: Int
        /// nil where the stream does not say.
        var agent: String?
        var model: String?
        var text = ""
        var finish: String?
        /// Why it has no answer, or no whole one.
        var failure: String?
        var facts = Facts()

        init(index: Int) { self.index = index }

        var isSynthesis: Bool { agent == ChatAnswer.synthesis }
        var isDone: Bool { finish != nil || failure != nil }
    }

    /// What an answer took. Times are from the sending of the request.
    struct Facts: Sendable, Equatable {
        var costUSD: Double?
        var tokens: Int?
        var firstWord: Duration?
        var end: Duration?
    }

    /// The name under which the last call of a team speaks.
    static let synthesis = "synthesis"
    /// Where the indexes of members that failed without a word begin, beyond all choices'.
    private static let silent = 1 << 20

    /// In the order of their indexes.
    private(set) var voices: [Voice] = []
    private(set) var facts = Facts()
    /// `[DONE]` came: nothing is missing.
    private(set) var isComplete = false
    /// The error that the stream ended with.
    private(set) var failure: String?

    var members: [Voice] { voices.filter { !$0.isSynthesis } }
    var synthesis: Voice? { voices.first(where: \.isSynthesis) }

    /// Takes the data of one event.
    ///
    /// - Returns: false for what is no chunk of a chat completion.
    mutating func take(_ data: ByteBuffer, at time: Duration) -> Bool {
        if data.readableBytesView.elementsEqual("[DONE]".utf8) {
            isComplete = true
            facts.end = time
            for index in voices.indices where voices[index].facts.end == nil { voices[index].facts.end = time }
            return true
        }
        guard let chunk = (try? JSONDocument(data))?.root, chunk.kind == .object else { return false }
        if let error = chunk["error"], !error.isNull {
            failure = (error["message"]?.string ?? error.string ?? "the gateway does not say why").harmless
            return true
        }
        let note = chunk["quintet"]
        let agent = note?["agent"]?.string
        if let choices = chunk["choices"] {
            for choice in choices.children { take(choice, of: agent, model: chunk["model"]?.string, at: time) }
        }
        takeCosts(usage: chunk["usage"], note, of: agent)
        if let failed = note?["failed_agents"] { for agent in failed.children { takeFailure(agent) } }
        return chunk["choices"] != nil || note != nil
    }

    private mutating func take(_ choice: JSONValue, of agent: String?, model: String?, at time: Duration) {
        let place = place(of: choice["index"]?.int ?? 0)
        if let agent { voices[place].agent = agent.harmless }
        if let model, !model.isEmpty { voices[place].model = model.harmless }
        if let text = choice["delta"]?["content"]?.string, !text.isEmpty {
            voices[place].text += text
            voices[place].facts.firstWord = voices[place].facts.firstWord ?? time
            facts.firstWord = facts.firstWord ?? time
        }
        if let finish = choice["finish_reason"]?.string {
            voices[place].finish = finish
            voices[place].facts.end = time
        }
    }

    /// Where the voice with this index stands; a new one is put in the indexes' order.
    private mutating func place(of index: Int) -> Int {
        let place = voices.firstIndex { $0.index >= index } ?? voices.endIndex
        if place == voices.endIndex || voices[place].index != index { voices.insert(Voice(index: index), at: place) }
        return place
    }

    /// Without an agent they are the whole answer's.
    private mutating func takeCosts(usage: JSONValue?, _ note: JSONValue?, of agent: String?) {
        let (cost, tokens) = (note?["cost_usd"]?.double, usage?["total_tokens"]?.int)
        if let place = voices.firstIndex(where: { agent != nil && $0.agent == agent }) {
            voices[place].facts.costUSD = cost ?? voices[place].facts.costUSD
            voices[place].facts.tokens = tokens ?? voices[place].facts.tokens
        } else {
            facts.costUSD = cost ?? facts.costUSD
            facts.tokens = tokens ?? facts.tokens
        }
    }

    private mutating func takeFailure(_ failed: JSONValue) {
        guard let agent = (failed["agent_type"] ?? failed["agent"])?.string?.harmless else { return }
        let why = (failed["error"] ?? failed["reason"])?.string?.harmless ?? "it failed"
        if let place = voices.firstIndex(where: { $0.agent == agent }) { return voices[place].failure = why }
        let place = place(of: max(Self.silent, (voices.last?.index ?? 0) + 1))
        voices[place].agent = agent
        voices[place].failure = why
    }
}
