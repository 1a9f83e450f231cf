import Core
@testable import Gateway
import NIOCore
import TestKit
import Testing
import Wire

/// Whatever providers do, the caller gets exactly one model's answer, its declared continuation, or an error.
@Suite(.timeLimit(.minutes(5))) struct FaultScheduleTests {
    /// What goes wrong with one call.
    private enum Mishap: CaseIterable {
        case none, refused, serverError, rateLimited, silent, noStream, empty, badRequest
        /// Behind some pieces of the answer.
        case cut, reset, stall, errorEvent, garbage, endWithoutReason, cutAfterReason
    }

    /// One request against random providers; all of it follows from the seed.
    private struct Schedule {
        let models: [ModelSpec]
        /// The answer that each provider gives to the request as it was sent.
        let answers: [String: String]
        let callsResume: Bool
        let seed: UInt64

        init(seed: UInt64) {
            self.seed = seed
            var random = SplitMix64(seed: seed)
            let names = Array(["a", "b", "c", "d", "e"].prefix(Int.random(in: 1...5, using: &random)))
            var models: [ModelSpec] = []
            var answers: [String: String] = [:]
            let shared = Self.text(using: &random)
            for (index, name) in names.enumerated() {
                var model = ModelSpec.named(name, at: Int.random(in: 1...2, using: &random), fallbacks: index == 0 ? Array(names.dropFirst()) : [])
                model.acceptsPrefill = Int.random(in: 0..<3, using: &random) == 0
                model.prefill.isEchoed = Bool.random(using: &random)
                // Models that repeat one another word for word are rare, but here they are wanted.
                let own = Bool.random(using: &random) ? shared : Self.text(using: &random)
                for provider in model.providers { answers[provider] = own }
                models.append(model)
            }
            self.models = models
            self.answers = answers
            callsResume = Int.random(in: 0..<5, using: &random) > 0
        }

        /// Stands at the end of every whole answer, and nowhere else.
        static let end = "■"

        private static func text(using random: inout SplitMix64) -> String {
            let pieces = ["Grüß ", "\"dich\"", " \n", "😀", "e\u{301}", "\\u00e9 ", "日本", "a", "  ", "\t", "z."]
            return "x" + (0..<Int.random(in: 1...12, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined() + end
        }

        private func model(of provider: String) -> ModelSpec? { models.first { $0.providers.contains(provider) } }

        /// What the provider makes of a call.
        func reaction(to call: ScriptedCalls.Made, _ index: Int) -> ScriptedCalls.Reaction {
            var random = SplitMix64(seed: seed &* 1_000_003 &+ UInt64(index) &* 7919 &+ UInt64(call.provider.utf8.reduce(0) { $0 &* 31 &+ Int($1) }))
            let answer = answers[call.provider] ?? ""
            var text = answer
            if let prefill = Self.prefill(in: call.body) {
                // It goes on from the text; after its own words with the rest of them, else with words of its own.
                let isOwn = answer.utf8.starts(with: prefill.utf8)
                if prefill.hasSuffix(Self.end) { return .events(Chat.chunks([]) + ["[DONE]"]) }
                let rest = isOwn ? String(decoding: answer.utf8.dropFirst(prefill.utf8.count), as: UTF8.self) : " and \(call.provider)" + Self.end
                text = model(of: call.provider)?.prefill.isEchoed == true ? prefill + rest : rest
            }
            let pieces = Self.split(text, using: &random)
            let mishap = Bool.random(using: &random) ? Mishap.none : Mishap.allCases.randomElement(using: &random) ?? .none
            let some = Array(pieces.prefix(Int.random(in: 0...pieces.count, using: &random)))
            let broken = Chat.chunks(some, finish: nil)
            switch mishap {
            case .none: return .events(Chat.chunks(pieces) + (Bool.random(using: &random) ? ["[DONE]"] : []))
            case .refused: return .fail(.connect)
            case .serverError: return .error(500)
            case .rateLimited: return .error(429, retryAfter: .zero)
            case .badRequest: return .error(400)
            case .silent: return .silence
            case .noStream: return .whole(answer)
            case .empty: return .events(Chat.chunks([]) + ["[DONE]"])
            case .cut: return .events(broken, then: .fail(.cut))
            case .reset: return .events(broken, then: .fail(.reset))
            case .stall: return .events(broken, then: .silence)
            case .errorEvent: return .events(broken + [Chat.error(message: "overloaded", code: 529)])
            case .garbage: return .events(broken + Array(repeating: "<html>", count: 20))
            case .endWithoutReason: return .events(broken)
            case .cutAfterReason: return .events(Chat.chunks(pieces), then: .fail(.cut))
            }
        }

        private static func split(_ text: String, using random: inout SplitMix64) -> [String] {
            var pieces: [String] = []
            for scalar in text.unicodeScalars {
                if pieces.isEmpty || Bool.random(using: &random) { pieces.append("") }
                pieces[pieces.count - 1].unicodeScalars.append(scalar)
            }
            return pieces
        }

        /// The assistant's words at the end of a request.
        static func prefill(in body: String) -> String? {
            let root = try? JSONDocument(ByteBuffer(string: body)).root
            let last = root?["messages"]?.children.reduce(nil as JSONValue?) { $1 }
            return last?["role"]?.string == "assistant" ? last?["content"]?.string : nil
        }
    }

    /// What the caller may end up with: for each text so far, who may go on from it and how.
    private static func check(_ parts: StreamParts, _ rig: GatewayRig, _ schedule: Schedule, seed: UInt64) throws {
        let calls = rig.calls.record.value.calls
        let outcome = try #require(rig.outcomes.all.first, "seed \(seed)")
        #expect(rig.outcomes.all.count == 1, "seed \(seed)")
        // One ending: whole, or an error.
        try #require(parts.done + parts.failures.count == 1, "seed \(seed)")
        let isDone = parts.done == 1
        #expect(outcome.ending == (isDone ? .complete : .failed(.providersFailed)), "seed \(seed)")
        #expect(outcome.resumptions == parts.resumptions, "seed \(seed)")
        #expect(parts.events.count { $0.contains(#""resumed""#) } == parts.resumptions.count, "seed \(seed)")
        if !schedule.callsResume { #expect(parts.resumptions.isEmpty, "seed \(seed)") }

        // The text: what its models say, joined where it was declared.
        let names = schedule.models.map(\.name)
        let text = parts.text
        let finishers = parts.resumptions.last.map { [$0.model] } ?? names
        let whole = finishers.flatMap { name in
            schedule.models.filter { $0.name == name }.flatMap { $0.providers.compactMap { schedule.answers[$0] } }
        }
        if parts.resumptions.contains(where: { $0.by == .prefill }) {
            // A prefilled model goes on in its own words: the text ends with them, or with the rest of its own answer.
            let last = try #require(parts.resumptions.last, "seed \(seed)")
            if isDone, last.by == .prefill {
                let prefills = calls.compactMap { Schedule.prefill(in: $0.body) }
                #expect(prefills.contains { text.utf8.starts(with: $0.utf8) }, "seed \(seed): \(text)")
                #expect(whole.contains(text) || text.count { "\($0)" == Schedule.end } == 1 && text.hasSuffix(Schedule.end), "seed \(seed): \(text.debugDescription)")
            }
        } else if isDone {
            #expect(whole.contains { $0.utf8.elementsEqual(text.utf8) }, "seed \(seed): \(text) is none of \(whole)")
        } else {
            #expect(schedule.answers.values.contains { $0.utf8.starts(with: text.utf8) }, "seed \(seed): \(text)")
        }
        // A finish reason stands in an answer that is whole, and in no other.
        #expect(parts.events.contains { $0.contains(#""finish_reason":"stop""#) } == isDone, "seed \(seed)")

        // The budget, and the breakers: each call was settled once, as what it was.
        #expect(calls.count <= 6, "seed \(seed)")
        #expect(outcome.attempts.count == calls.count, "seed \(seed)")
        #expect(outcome.attempts.count { $0.fault == nil } == (isDone ? 1 : 0), "seed \(seed)")
        for provider in schedule.models.flatMap(\.providers) {
            let own = outcome.attempts.filter { $0.deployment == "\(provider)/there" }
            let faults = own.count { $0.fault?.meaning.countsForBreaker == true }
            let good = own.count { $0.fault == nil }
            #expect(rig.counts(provider) == [faults + good, faults], "seed \(seed): \(provider)")
        }
    }

    @Test func underAnyScheduleTheTextIsOneAnswerOrAnError() async throws {
        var endings: [String: Int] = [:]
        var policy = Policy()
        // Long enough to count all that happens in a schedule.
        policy.breaker = BreakerSettings(window: .seconds(3600))
        for seed in 0..<4000 as Range<UInt64> {
            let schedule = Schedule(seed: seed)
            let rig = GatewayRig(byCall: { schedule.reaction(to: $0, $1) }, schedule.models, policy: policy)
            let more = schedule.callsResume ? "" : #","quintet":{"on_cut":"error"}"#
            switch await rig.ask(isStream: true, more: more) {
            case .failure(let failure):
                #expect(rig.outcomes.endings == [.failed(failure.error.code)], "seed \(seed)")
                #expect(rig.calls.providers.count <= 6, "seed \(seed)")
                #expect(failure.tried.count == failure.attempts.count, "seed \(seed)")
                endings["failure", default: 0] += 1
            case .success(.whole): Issue.record("seed \(seed): a whole answer")
            case .success(.stream(_, let stream)):
                let parts = try await StreamParts(reading: stream)
                try Self.check(parts, rig, schedule, seed: seed)
                endings[String(parts.order.filter { $0 != "e" }), default: 0] += 1
            }
            // Everything is let go of, by whichever thread comes last.
            _ = try await rig.calls.record.wait("seed \(seed): every reply let go of") {
                $0.released == $0.answered ? true : nil
            }
        }
        // The schedules must be such that all of it happens.
        for ending in ["failure", "d", "f", "rd", "rf", "rrd"] { #expect(endings[ending, default: 0] >= 5, "\(endings)") }
    }
}
