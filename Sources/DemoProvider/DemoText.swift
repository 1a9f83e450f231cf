/// Makes answers up: plainly labelled, the same for the same messages, and visibly about what was asked.
struct DemoText {
    /// Every answer begins with this, so that nobody takes it for a model's.
    static let label = "[demo]"

    private let body: ChatBody
    private let model: DemoModel
    private let question: String

    init(body: ChatBody, model: DemoModel) {
        self.body = body
        self.model = model
        question = Self.quote(body.question)
    }

    /// The answer's prose. Choices of one request differ in their filler.
    func prose(choice: Int) -> String {
        var sentences = opening
        var words = sentences.reduce(0) { $0 + Self.words(in: $1) }
        var random = SplitMix(state: body.hash(with: model.id) &+ UInt64(choice))
        for sentence in filler(about: topic).shuffled(using: &random) where words < model.wordsPerAnswer {
            sentences.append(sentence)
            words += Self.words(in: sentence)
        }
        return sentences.joined(separator: " ")
    }

    /// A small JSON object for `response_format: json_object`.
    var object: JSON {
        [
            "note": .string("\(Self.label) made up by \(model.id), not by an AI"),
            "you_said": .string(question),
            "system_prompt": .bool(body.systemPrompt != nil),
            "messages": .integer(body.messages.count),
        ]
    }

    private var opening: [String] {
        var sentences = ["\(Self.label) This is \(model.id), a made-up model of Quintet: no AI wrote this."]
        if let result = body.toolResult {
            sentences.append("The tool returned “\(Self.quote(result))”.")
        } else {
            sentences.append(question.isEmpty ? "You sent no text." : "You said “\(question)”.")
        }
        if let prompt = body.systemPrompt {
            sentences.append("A system prompt of \(prompt.unicodeScalars.count) characters was given.")
        } else {
            sentences.append("There was no system prompt.")
        }
        return sentences
    }

    /// The longest word of the question, which is often what it is about.
    private var topic: String {
        let words = question.split { !$0.isLetter }
        let longest = words.max { $0.count < $1.count }.map(String.init) ?? ""
        return longest.count >= 4 ? longest : "that"
    }

    /// About the first 60 characters on one line. Bounded before it is split, because a message may have megabytes.
    private static func quote(_ text: String) -> String {
        let head = text.prefix(200)
        let line = head.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let isWhole = line.count <= 60 && head.endIndex == text.endIndex
        return isWhole ? line : line.prefix(60) + "…"
    }

    private static func words(in sentence: String) -> Int {
        sentence.utf8.reduce(1) { $1 == UInt8(ascii: " ") ? $0 + 1 : $0 }
    }

    private func filler(about topic: String) -> [String] {
        [
            "A real model would have thought about “\(topic)” before it answered.",
            "With a provider's key in place, this is where the answer would begin.",
            "Everything you see passed through the gateway as a real answer would.",
            "The words come one by one so that you can watch the stream.",
            "If you ask the same again, you get the same words again.",
            "Three things matter about “\(topic)”: what it is, what it costs, and who waits for it.",
            "The tokens are counted from these very bytes, four to a token, rounded up.",
            "The price of this answer is made up too, but the receipt adds it up exactly.",
            "Hang up in the middle and the work stops, here as at a real provider.",
            "Ask for a tool by its name and this model will call it.",
            "Ask for JSON and it will answer with a small object.",
            "One could say more about “\(topic)” than a demo should.",
            "On the one hand “\(topic)” is simple; on the other, simple things have edges.",
            "The first step is usually to write down what should happen.",
            "The second step is to write down what must never happen.",
            "The third step is to look at which of the two is tested.",
            "Nothing that you typed leaves this machine while the demo answers.",
            "A fault can be switched on by name to see how a failover looks.",
            "The admin page shows which model answered, and why it was chosen.",
            "For the curious: this sentence was picked by a hash of your messages.",
            "Had you asked about something else, other sentences would stand here.",
            "Let “\(topic)” stand for whatever you would like to build.",
            "That is all a made-up model can honestly say about it.",
        ]
    }
}

/// A small generator with a seed, so that the same messages give the same answer in every process.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
