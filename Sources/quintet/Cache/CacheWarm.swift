import ArgumentParser
import AsyncHTTPClient
import Core
import Foundation
import NIOCore
import NIOHTTP1

/// `quintet cache warm`.
struct CacheWarm: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "warm", abstract: "Ask a file's requests, so that their answers are in the cache.",
        discussion: """
            Each line of the file is the body of a chat-completions request in JSON. All are asked as you, with QUINTET_API_KEY, \
            and paid as if you had asked them. Ends with status 1 when any failed.
            """)

    @OptionGroup var client: ClientFlags
    @Argument(help: "The file, one request a line; - for standard input.")
    var file: String
    @Option(help: "Send no request once the answers have cost this much in USD; those under way still end.")
    var maxCost: Double?
    @Option(help: "Requests under way at once.")
    var concurrency = 4

    func validate() throws {
        guard (1...64).contains(concurrency) else { throw ValidationError("--concurrency must be from 1 to 64.") }
        if let maxCost, !(maxCost > 0 && Money(usd: maxCost) != nil) { throw ValidationError("--max-cost must be more than 0.") }
    }

    func run() async throws {
        let run = self
        try await ClientFault.explained {
            let target = try client.target()
            let file = try WarmFile(Self.read(file))
            try await Interrupt.ends {
                var tally = run.tally
                do { try await GatewayClient.with(target) { try await run.send(file, to: $0, &tally) } } catch {
                    // What was done is told of what was interrupted, too.
                    try? Terminal.say(tally.summary)
                    throw error
                }
                try Terminal.say(tally.summary)
                if tally.hasFailures { throw ExitCode.failure }
            }
        }
    }

    /// Most bytes of the file: it is held whole.
    private static let limit = 1 << 30

    private static func read(_ path: String) throws(ClientFault) -> Data {
        let file = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        defer { if file > STDERR_FILENO { close(file) } }
        let data: Data?
        do throws(IOError) {
            guard file >= 0 else { throw IOError(errnoCode: errno, reason: "open") }
            data = try Descriptor(number: file).readAll(limit: limit)
        } catch { throw ClientFault("\(path) cannot be read (\(error.words)).") }
        guard let data else { throw ClientFault("\(path) holds more than \(limit >> 20) MiB. Split it.") }
        return data
    }

    private var tally: WarmTally { WarmTally(cap: maxCost.flatMap { Money(usd: $0) }) }

    /// Keeps so many requests under way until the file or the money ends.
    private func send(_ file: WarmFile, to client: GatewayClient, _ tally: inout WarmTally) async throws {
        var progress = WarmProgress(total: file.count)
        defer { progress.end() }
        try await withThrowingTaskGroup(of: (number: Int, outcome: WarmTally.Outcome, fault: ClientFault?).self) { group in
            var lines = file.lines.makeIterator()
            var running = 0
            while true {
                while running < concurrency, tally.stop == nil, let line = lines.next() {
                    switch line.request {
                    case .success(let request):
                        group.addTask { try await Self.ask(request, line.number, client) }
                        running += 1
                    case .failure(let fault):
                        tally.countBadLine()
                        progress.complain("line \(line.number): \(fault), skipped")
                    }
                }
                guard let (number, outcome, fault) = try await group.next() else { break }
                running -= 1
                tally.count(outcome)
                if let fault { progress.complain("line \(number): \(fault)") }
                progress.show(tally)
            }
        }
        if let reason = tally.stop, tally.done < file.count { progress.complain(reason) }
    }

    private static func ask(
        _ request: ByteBuffer, _ number: Int, _ client: GatewayClient
    ) async throws -> (number: Int, outcome: WarmTally.Outcome, fault: ClientFault?) {
        do {
            let response = try await client.send(.POST, "/v1/chat/completions", request, as: .client)
            _ = try await client.json(response)
            let headers = response.headers
            return (
                number,
                .answered(
                    .init(
                        cost: headers.first(name: AnswerHeader.cost), cache: headers.first(name: AnswerHeader.cache),
                        status: headers.first(name: AnswerHeader.cacheStatus))), nil
            )
        } catch let fault as ClientFault { return (number, .failed, fault) }
    }
}

/// Shows on standard error how far warming is, where a person looks at it.
private struct WarmProgress {
    private let total: Int
    private let screen = Screen.now(of: STDERR_FILENO)
    private var area = LiveArea()
    private var complaints = 0

    /// Most faults that are said; a gateway that is gone fails every line in the same words.
    private static let complaintLimit = 20

    init(total: Int) { self.total = total }

    mutating func show(_ tally: WarmTally) {
        guard screen.isLive else { return }
        let width = Screen.now(of: STDERR_FILENO).width
        Terminal.note(area.draw([ScreenLine(tally.bar(of: total, width: width))], width: width))
    }

    mutating func complain(_ text: String) {
        complaints += 1
        if complaints == Self.complaintLimit { return Terminal.complain("further faults are only counted") }
        guard complaints < Self.complaintLimit else { return }
        end()
        Terminal.complain(text)
    }

    /// Takes the bar away.
    mutating func end() {
        if screen.isLive { Terminal.note(area.draw([], width: Screen.now(of: STDERR_FILENO).width)) }
    }
}
