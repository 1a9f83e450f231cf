import Core

/// What a flight brings.
protocol FlightCargo: Sendable {
    /// How a stream begins.
    associatedtype Head: Sendable
    associatedtype Part: Sendable
    /// What all parts make together, or what comes in one piece.
    associatedtype Whole: Sendable
}

/// One model's answer.
enum AnswerCargo: FlightCargo {
    typealias Head = AnswerHead
    typealias Part = AnswerStream.Part
    typealias Whole = WholeAnswer
}

/// A team's answer.
enum TeamCargo: FlightCargo {
    typealias Head = CacheNote
    typealias Whole = TeamAnswer

    enum Part: Sendable {
        case events([TeamEvent])
        /// It broke off; nothing follows.
        indirect case failed(AnswerFailure)
    }
}
