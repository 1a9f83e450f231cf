package import Core
package import Wire

/// One request for a team on its way in.
package struct TeamAsk: Sendable {
    package let ask: Ask
    package let team: TeamRequest
    /// Names the answer: seconds since 1970.
    package let created: Int

    /// - Parameter ask: its target is `auto`, so that what depends on the text can be decided.
    package init(_ ask: Ask, _ team: TeamRequest, created: Int) {
        self.ask = ask
        self.team = team
        self.created = created
    }

    var names: [String] { team.members.map(\.name) }
}

/// What happens while a team answers, in the order in which it happens.
///
/// Nothing is told before the first content of a member is there: until then the request can still fail as a whole.
package enum TeamEvent: Sendable {
    /// Nothing comes before it: the whole answer is there already, out of the cache or of another request's calls, and what follows
    /// tells it once more.
    indirect case kept(TeamAnswer)
    /// Nothing comes before it: the answer is being made.
    case opened(CacheNote)
    /// A voice has its first word.
    case started(Int, name: String, model: String)
    /// A piece of what a voice says.
    case said(Int, name: String, model: String, [TeamChunk])
    /// A voice has said all.
    indirect case ended(TeamCompletion.Voice)
    /// A member has no answer, or no whole one.
    indirect case failed(TeamCompletion.Failure)
    /// Nothing was said for a while.
    case beat
}

/// What a team's request gets.
package struct TeamAnswer: Sendable {
    package internal(set) var completion: TeamCompletion
    package internal(set) var receipt: Receipt
    /// Of all calls; nil where a part of it is unknown or estimated, zero where nothing was asked for it.
    package internal(set) var cost: Money?
    package internal(set) var attemptCount: Int
    /// From the request's arrival.
    package let seconds: Double
    package internal(set) var cache: CacheNote
}
