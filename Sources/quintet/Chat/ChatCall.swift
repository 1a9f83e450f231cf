import ArgumentParser
import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Wire

/// One question, and its answer on the screen while it comes.
struct ChatCall {
    let client: GatewayClient
    let question: ChatQuestion

    /// - Returns: what was answered, and why it is not whole, if it isn't.
    /// - Throws: ``ClientFault`` where there is no answer at all.
    func run() async throws -> (answer: ChatAnswer, fault: ClientFault?) {
        let started = ContinuousClock.now
        let response = try await client.send(.POST, "/v1/chat/completions", question.body, as: .client)
        guard response.headers.first(name: "content-type")?.hasPrefix("text/event-stream") == true else {
            throw client.target.foreign("its answer is no event stream")
        }
        var answer = ChatAnswer()
        var printer = ChatPrinter(isForTeam: question.isForTeam, screen: Screen.now())
        do {
            try await read(response.body, into: &answer, since: started) {
                try show(printer.update($0, on: Screen.now()))
            }
        } catch {
            // What follows must not stand in the middle of a line.
            if !(error is ExitCode) { try? Terminal.write(printer.endLine()) }
            throw error
        }
        let headers = response.headers
        let (model, agent) = (headers.first(name: AnswerHeader.model), headers.first(name: AnswerHeader.agent))
        let cache = headers.first(name: AnswerHeader.cache)
        try show(printer.finish(answer, on: Screen.now(), headers: (model, agent, cache)))
        return (answer, fault(of: answer))
    }

    private func read(
        _ body: HTTPClientResponse.Body, into answer: inout ChatAnswer, since start: ContinuousClock.Instant,
        show: (ChatAnswer) throws -> Void
    ) async throws {
        var parser = SSEParser()
        var chunks = body.makeAsyncIterator()
        while let chunk = try await next(&chunks) {
            parser.append(chunk)
            while let event = try parser.next() {
                guard answer.take(event.data, at: start.duration(to: .now)) else {
                    throw client.target.foreign("its stream holds what is no chat completion")
                }
            }
            try show(answer)
        }
    }

    /// The next bytes; nil at the end, also at one that came too early: what is missing then tells the answer itself.
    private func next(_ chunks: inout HTTPClientResponse.Body.AsyncIterator) async throws -> ByteBuffer? {
        do { return try await chunks.next() } catch {
            let fault = client.fault(error)
            if fault is ClientFault { return nil }
            throw fault
        }
    }

    private func fault(of answer: ChatAnswer) -> ClientFault? {
        if let failure = answer.failure {
            let says = "The answer broke off: "
            return ClientFault(failure.hasPrefix(says) ? failure : says + failure)
        }
        return answer.isComplete ? nil : ClientFault("The answer broke off: the connection ended before it.")
    }

    private func show(_ output: ChatPrinter.Output) throws {
        try Terminal.write(output.text)
        for note in output.notes { Terminal.complain(note) }
    }
}
