/// Who of a team is asked when, when enough has come, and what is to be made of it. It does no I/O and knows no time: the shell tells
/// what became of each member, and does what is due.
package struct TeamProgress: Sendable {
    /// Where a member stands.
    package enum State: Sendable, Equatable {
        case waiting
        case running
        case answered
        case failed
        /// It was not needed any more.
        case cancelled
    }

    /// What is to be made of the answers.
    package enum Conclusion: Sendable, Equatable {
        /// These members' answers as they are, in the team's order.
        case answers([Int])
        /// One answer out of these.
        case synthesis(of: [Int])
        /// This member's answer; with how many gave it, where they were counted.
        case one(Int, votes: Int?)
        case nobody
    }

    private let team: TeamRequest
    package private(set) var states: [State]
    private var vote: Vote
    /// Members of which nothing more is wanted were told so.
    private var isEnough = false

    package init(_ team: TeamRequest) {
        self.team = team
        states = Array(repeating: .waiting, count: team.members.count)
        let voters = team.combine == .cascade ? team.members.count - 1 : team.members.count
        // The cheap members of a cascade must all agree; a vote is won by more than half.
        vote = Vote(by: team.agreement, quorum: team.combine == .cascade ? voters : team.quorum ?? voters / 2 + 1)
    }

    // MARK: What is to be done

    /// Members to be started now, all at once; empty while others run, and at the end.
    package var due: [Int] {
        guard !isEnough, !states.contains(.running) else { return [] }
        let waiting = states.indices.filter { states[$0] == .waiting }
        guard let first = waiting.first else { return [] }
        if team.isInTurn { return [first] }
        if team.combine == .cascade, waiting.count > 1 { return waiting.dropLast() }
        return waiting
    }

    /// Enough has come: those that still run are to be cancelled.
    package var isSettled: Bool { isEnough }

    /// Where nobody runs and nobody is due.
    package var conclusion: Conclusion {
        let answered = states.indices.filter { states[$0] == .answered }
        guard let first = answered.first else { return .nobody }
        switch team.combine {
        case .list: return .answers(answered)
        // One survivor answers for itself.
        case .synthesis: return answered.count == 1 ? .one(first, votes: nil) : .synthesis(of: answered)
        case .race: return .one(first, votes: nil)
        case .sequential: return .one(answered.last ?? first, votes: nil)
        case .vote: return vote.result.map { .one($0.winner, votes: $0.votes) } ?? .nobody
        case .cascade:
            if states.last == .answered { return .one(states.count - 1, votes: nil) }
            return vote.result.map { .one($0.winner, votes: $0.votes) } ?? .nobody
        }
    }

    /// Someone who would have had a part in the answer has none: it failed, or too few agree.
    package var isDegraded: Bool {
        let hasFailures = states.contains(.failed)
        switch team.combine {
        case .list, .synthesis, .sequential: return hasFailures
        case .vote: return hasFailures || !(vote.result?.hasQuorum ?? false)
        case .cascade: return states.last == .failed
        // What won is whole, whoever else failed.
        case .race: return false
        }
    }

    // MARK: What became of it

    package mutating func start(_ member: Int) { states[member] = .running }

    package mutating func answer(_ member: Int, _ text: String) {
        states[member] = .answered
        let answers = states.count { $0 == .answered }
        switch team.combine {
        case .list, .synthesis: isEnough = isEnough || !team.isInTurn && team.quorum.map { answers >= $0 } ?? false
        case .race: isEnough = true
        case .vote:
            vote.cast(text, by: member)
            isEnough = isEnough || vote.isDecided
        case .cascade where member < states.count - 1:
            vote.cast(text, by: member)
            isEnough = vote.isDecided
        case .cascade, .sequential: break
        }
        if isEnough { dropWaiting() }
    }

    package mutating func fail(_ member: Int) { states[member] = .failed }

    /// It was stopped because enough had come.
    package mutating func cancel(_ member: Int) { states[member] = .cancelled }

    /// No further member is to be started or waited for: money or time is over.
    package mutating func stop() {
        isEnough = true
        for member in states.indices where states[member] == .waiting { states[member] = .failed }
    }

    private mutating func dropWaiting() {
        for member in states.indices where states[member] == .waiting { states[member] = .cancelled }
    }
}
