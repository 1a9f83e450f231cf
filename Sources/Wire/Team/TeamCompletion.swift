package import Core
package import NIOCore

/// A team's answer: what each member said, and which of it is the team's own.
package struct TeamCompletion: Sendable {
    /// What one member, or the synthesis, said.
    package struct Voice: Sendable {
        /// The member's place in the team; the synthesis comes behind the last.
        package private(set) var index: Int
        package let name: String
        package let model: String
        /// The choice of the chat completion, as the provider gave it.
        package let choice: ByteBuffer
        package let text: String
        package let finishReason: String?
        package var usage: Usage?
        /// What it cost; nil where that is unknown, or nothing now.
        package var cost: Money?
        /// From its start to its end.
        package var seconds: Double?

        /// - Parameter completion: a chat completion; its first choice counts. nil for what is none.
        package init?(index: Int, name: String, model: String, completion: ByteBuffer) {
            guard let root = try? JSONDocument(completion).root, let choice = root["choices"]?.children.first(where: { _ in true })
            else { return nil }
            self.init(index: index, name: name, model: model, choice: choice)
            usage = Usage(in: root, isLast: true)
        }

        /// The same at another place of the team.
        package func moved(to index: Int) -> Voice {
            var voice = self
            voice.index = index
            return voice
        }

        fileprivate init?(index: Int, name: String, model: String, choice: JSONValue) {
            guard let message = choice["message"], message.kind == .object else { return nil }
            self.index = index
            self.name = name
            self.model = model
            self.choice = choice.text
            text = message["content"].map(ChatMessages.text(of:)) ?? ""
            finishReason = choice["finish_reason"]?.string
        }
    }

    /// Who has no answer, or no whole one.
    package struct Failure: Sendable, Equatable {
        package let name: String
        /// The error's code: a name that stays.
        package let code: String
        /// In words.
        package let reason: String
        package let model: String?
        package let seconds: Double

        package init(name: String, code: String, reason: String, model: String?, seconds: Double) {
            self.name = name
            self.code = code
            self.reason = reason
            self.model = model
            self.seconds = seconds
        }
    }

    package let id: String
    /// Seconds since 1970.
    package let created: Int
    package let combine: Combine
    /// In the team's order, the synthesis last.
    package var voices: [Voice]
    /// The voice whose answer is the team's.
    package private(set) var answer: Int
    /// How many members gave it, where they were counted.
    package let votes: Int?
    package let failures: [Failure]
    package let isDegraded: Bool
    /// Of all calls.
    package var usage: Usage?

    package init(
        id: String, created: Int, combine: Combine, voices: [Voice], answer: Int, votes: Int?, failures: [Failure], isDegraded: Bool,
        usage: Usage?
    ) {
        self.id = id
        self.created = created
        self.combine = combine
        self.voices = voices
        self.answer = answer
        self.votes = votes
        self.failures = failures
        self.isDegraded = isDegraded
        self.usage = usage
    }

    package var answering: Voice? { voices.first { $0.index == answer } }

    /// What callers of the OpenAI wire get to see: of one member's own answer nothing but that, as the first choice.
    func told(_ voice: Voice) -> (isTold: Bool, index: Int) {
        combine.isOneOfThem ? (voice.index == answer, 0) : (true, voice.index)
    }
}

// MARK: In JSON

extension TeamCompletion {
    /// The whole chat completion. The choice that is the team's answer comes first, for callers who read no other.
    package func body(cost: TeamCost) -> ByteBuffer {
        let told = voices.filter { self.told($0).isTold }
        let ordered = told.filter { $0.index == answer } + told.filter { $0.index != answer }
        return JSONWriter.text { $0.completion(self, ordered.map { ($0, self.told($0).index) }, cost) }
    }

    /// As the cache keeps it: with all that was said, and no word of what it cost.
    package var kept: ByteBuffer { JSONWriter.text { $0.completion(self, voices.map { ($0, $0.index) }, nil) } }

    /// Reads what ``kept`` wrote; nil for anything else.
    ///
    /// - Parameter names: the team's members in the order in which they are asked for now.
    package init?(kept body: ByteBuffer, members names: [String]) {
        guard let root = try? JSONDocument(body).root, let note = root["quintet"], let id = root["id"]?.string,
            let combine = note["combine"]?.string.flatMap(Combine.init(rawValue:)), let answer = note["answer"]?.int
        else { return nil }
        var voices: [Voice] = []
        for choice in root["choices"]?.children.map(\.self) ?? [] {
            guard let index = choice["index"]?.int, let own = choice["quintet"], let name = own["agent"]?.string,
                let model = own["model"]?.string
            else { return nil }
            guard var voice = Voice(index: index, name: name, model: model, choice: choice) else { return nil }
            voice.usage = own["usage"].flatMap { Usage($0) }
            voices.append(voice)
        }
        guard voices.contains(where: { $0.index == answer }) else { return nil }
        self.init(
            id: id, created: root["created"]?.int ?? 0, combine: combine, voices: voices, answer: answer, votes: note["votes"]?.int, failures: note["failed_agents"]?.children.map(Failure.init) ?? [],
            isDegraded: note["degraded"]?.bool ?? false, usage: root["usage"].flatMap { Usage($0) })
        self = ordered(as: names)
    }
}

extension TeamCompletion {
    /// The same for members in this order; who is none of them, the synthesis, comes behind them.
    package func ordered(as names: [String]) -> TeamCompletion {
        var team = self
        team.voices = voices.map { $0.moved(to: names.firstIndex(of: $0.name) ?? names.count) }.sorted { $0.index < $1.index }
        if let answering { team.answer = names.firstIndex(of: answering.name) ?? names.count }
        // Where no answer is better than another, the first one stands.
        if combine == .list || combine == .synthesis && team.answer < names.count { team.answer = team.voices.first?.index ?? 0 }
        return team
    }
}

/// What a team's answer cost, as it is told.
package struct TeamCost: Sendable {
    package let receipt: Receipt
    /// Whether every line is told.
    package let isItemised: Bool

    package init(_ receipt: Receipt, isItemised: Bool) {
        self.receipt = receipt
        self.isItemised = isItemised
    }
}

extension TeamCompletion.Failure {
    fileprivate init(_ value: JSONValue) {
        self.init(
            name: value["agent_type"]?.string ?? "", code: value["code"]?.string ?? "", reason: value["error"]?.string ?? "",
            model: value["model"]?.string, seconds: value["duration"]?.double ?? 0)
    }
}

extension JSONWriter {
    fileprivate mutating func completion(
        _ team: TeamCompletion, _ voices: [(voice: TeamCompletion.Voice, index: Int)], _ cost: TeamCost?
    ) {
        object { writer in
            writer.key("id")
            writer.string(team.id)
            writer.key("object")
            writer.string("chat.completion")
            writer.key("created")
            writer.integer(team.created)
            writer.key("model")
            writer.string(TeamRequest.modelName)
            writer.key("choices")
            writer.array { writer in for (voice, index) in voices { writer.choice(voice, index, isKept: cost == nil) } }
            writer.key("usage")
            writer.teamUsage(team.usage)
            writer.key("quintet")
            writer.object { $0.note(of: team, answer: voices.first { $0.voice.index == team.answer }?.index ?? 0, cost) }
        }
    }

    private mutating func choice(_ voice: TeamCompletion.Voice, _ index: Int, isKept: Bool) {
        object { writer in
            writer.key("index")
            writer.integer(index)
            let members = (try? JSONDocument(voice.choice))?.root.children.map(\.self) ?? []
            for member in members {
                guard let key = member.key, key != "index", key != "quintet" else { continue }
                writer.key(dynamic: key)
                writer.json(member.text)
            }
            writer.key("quintet")
            writer.object { writer in
                writer.key("agent")
                writer.string(voice.name)
                writer.key("model")
                writer.string(voice.model)
                if isKept {
                    writer.key("usage")
                    writer.teamUsage(voice.usage)
                } else {
                    writer.spent(by: voice)
                }
            }
        }
    }

    /// What one voice took, as far as that is known.
    mutating func spent(by voice: TeamCompletion.Voice) {
        if let usage = voice.usage {
            key("tokens")
            integer(usage.totalTokens)
        }
        if let cost = voice.cost {
            key("cost_usd")
            number(cost.usd)
        }
        if let seconds = voice.seconds {
            key("seconds")
            number(seconds)
        }
    }

    /// What is to be known of the whole.
    ///
    /// - Parameter answer: the index of the choice that is the team's answer.
    mutating func note(of team: TeamCompletion, answer: Int, _ cost: TeamCost?) {
        key("combine")
        string(team.combine.rawValue)
        key("answer")
        integer(answer)
        if let votes = team.votes {
            key("votes")
            integer(votes)
        }
        key("degraded")
        bool(team.isDegraded)
        key("failed_agents")
        failures(team.failures)
        guard let cost else { return }
        key("cost_usd")
        if cost.receipt.isComplete { number(cost.receipt.total.usd) } else { null() }
        key("cost_estimated")
        bool(cost.receipt.isEstimated)
        if cost.isItemised { member(cost.receipt) }
    }

    mutating func failures(_ failures: [TeamCompletion.Failure]) {
        array { writer in
            for failure in failures {
                writer.object {
                    $0.key("agent_type")
                    $0.string(failure.name)
                    $0.key("error")
                    $0.string(failure.reason)
                    $0.key("code")
                    $0.string(failure.code)
                    $0.key("model")
                    $0.string(orNull: failure.model)
                    $0.key("duration")
                    $0.number(failure.seconds)
                }
            }
        }
    }

    /// As OpenAI writes it; null where nobody counted.
    mutating func teamUsage(_ usage: Usage?) {
        guard let usage else { return null() }
        object { writer in
            writer.key("prompt_tokens")
            writer.integer(usage.promptTokens)
            writer.key("completion_tokens")
            writer.integer(usage.completionTokens)
            writer.key("total_tokens")
            writer.integer(usage.totalTokens)
        }
    }
}
