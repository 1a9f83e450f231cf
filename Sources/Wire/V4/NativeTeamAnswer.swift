package import Core
package import NIOCore

/// Writes a team's answer and events in the native API's shape.
package enum NativeTeamAnswer {
    /// What the native API tells of a team's answer besides what was said.
    package struct Facts: Sendable {
        package let receipt: Receipt
        /// From the request's arrival.
        package let seconds: Double
        package let isCached: Bool
        package let requestID: String

        package init(receipt: Receipt, seconds: Double, isCached: Bool, requestID: String) {
            self.receipt = receipt
            self.seconds = seconds
            self.isCached = isCached
            self.requestID = requestID
        }
    }

    /// The answer of `/chat/multi-agent`.
    package static func whole(_ team: TeamCompletion, _ facts: Facts) -> ByteBuffer {
        JSONWriter.text { writer in writer.object { $0.members(of: team, facts) } }
    }

    /// A member's first word.
    package static func started(_ name: String, model: String) -> ByteBuffer {
        event("agent_started", name) { writer in
            writer.key("model")
            writer.string(model)
        }
    }

    /// A piece of what a member says.
    package static func delta(_ name: String, _ text: String) -> ByteBuffer {
        event("agent_delta", name) { writer in
            writer.key("content")
            writer.string(text)
        }
    }

    /// A member has said all.
    package static func done(_ voice: TeamCompletion.Voice) -> ByteBuffer {
        event("agent_done", voice.name) { writer in
            writer.key("model")
            writer.string(voice.model)
            writer.key("finish_reason")
            writer.string(orNull: voice.finishReason)
            writer.spent(by: voice)
        }
    }

    /// A member has no answer, or no whole one.
    package static func failed(_ failure: TeamCompletion.Failure) -> ByteBuffer {
        event("agent_failed", failure.name) { writer in
            writer.key("error")
            writer.string(failure.reason)
            writer.key("code")
            writer.string(failure.code)
            writer.key("model")
            writer.string(orNull: failure.model)
            writer.key("duration")
            writer.number(failure.seconds)
        }
    }

    /// A piece of the one answer.
    package static func synthesisDelta(_ text: String) -> ByteBuffer {
        event("synthesis_delta", nil) { writer in
            writer.key("content")
            writer.string(text)
        }
    }

    /// The last event of a whole answer: all of it, as a plain request gets it.
    package static func done(_ team: TeamCompletion, _ facts: Facts) -> ByteBuffer {
        event("done", nil) { $0.members(of: team, facts) }
    }

    private static func event(_ type: StaticString, _ name: String?, _ members: (inout JSONWriter) -> Void) -> ByteBuffer {
        SSEFrame.event(
            type,
            JSONWriter.text { writer in
                writer.object { writer in
                    writer.key("type")
                    writer.string("\(type)")
                    if let name {
                        writer.key("agent_type")
                        writer.string(name)
                    }
                    members(&writer)
                }
            })
    }
}

extension JSONWriter {
    fileprivate mutating func members(of team: TeamCompletion, _ facts: NativeTeamAnswer.Facts) {
        let members = team.voices.filter { $0.name != TeamRequest.synthesisName }
        key("synthesized_response")
        string(team.answering?.text ?? "")
        key("individual_responses")
        array { writer in
            for voice in members {
                writer.object {
                    $0.key("agent_type")
                    $0.string(voice.name)
                    $0.key("response")
                    $0.string(voice.text)
                    $0.key("model")
                    $0.string(voice.model)
                }
            }
        }
        key("failed_agents")
        failures(team.failures)
        key("agents_used")
        array { writer in for voice in members { writer.string(voice.name) } }
        key("combine")
        string(team.combine.rawValue)
        key("synthesis")
        synthesis(of: team)
        // A sum of which a part is estimated is told, and the receipt says so.
        key("total_cost")
        if facts.receipt.isComplete { number(facts.receipt.total.usd) } else { null() }
        key("total_tokens")
        if let usage = team.usage { integer(usage.totalTokens) } else { null() }
        key("response_time")
        number(facts.seconds)
        key("cached")
        bool(facts.isCached)
        key("degraded")
        bool(team.isDegraded)
        if let votes = team.votes {
            key("votes")
            integer(votes)
        }
        key("request_id")
        string(facts.requestID)
        key("quintet")
        object { $0.member(facts.receipt) }
    }

    private mutating func synthesis(of team: TeamCompletion) {
        guard let voice = team.voices.first(where: { $0.name == TeamRequest.synthesisName }) else { return null() }
        object { writer in
            writer.key("model")
            writer.string(voice.model)
            writer.key("tokens")
            if let usage = voice.usage { writer.integer(usage.totalTokens) } else { writer.null() }
            writer.key("cost")
            if let cost = voice.cost { writer.number(cost.usd) } else { writer.null() }
        }
    }
}
