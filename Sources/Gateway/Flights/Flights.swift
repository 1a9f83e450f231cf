import ServiceLifecycle

/// The calls that several requests may wait for, as a service.
package final class Flights: Service {
    let answers: FlightDeck<AnswerCargo>
    let teams: FlightDeck<TeamCargo>

    /// A request that finds more than these makes its call alone, and it is not kept.
    ///
    /// - Parameters:
    ///   - limit: calls at once, of each kind.
    ///   - byteLimit: what the streams of all of them take that are still to be read or may be joined.
    package init(limit: Int = 10_000, byteLimit: Int = 256 << 20) {
        let memory = FlightMemory(limit: byteLimit)
        answers = FlightDeck(limit: limit, in: memory)
        teams = FlightDeck(limit: limit, in: memory)
    }

    /// Makes the calls until graceful shutdown and the end of those under way.
    package func run() async throws {
        async let answers: Void = answers.run()
        async let teams: Void = teams.run()
        _ = await (answers, teams)
    }

    /// Calls in the air, and requests that joined one since the start.
    package var figures: (running: Int, joins: Int) {
        let (answers, teams) = (answers.figures, teams.figures)
        return (answers.running + teams.running, answers.joins + teams.joins)
    }
}
