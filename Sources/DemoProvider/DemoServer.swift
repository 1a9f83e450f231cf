#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// The demo provider's routes.
struct DemoServer: Sendable {
    let faults: Bool
    let tokenDelay: Duration
    let logger: Logger
    private let flaky = FlakyCounter()

    /// The largest request body, in bytes.
    static let bodyLimit = 20 * 1024 * 1024

    init(faults: Bool, tokenDelay: Duration, logger: Logger) {
        self.faults = faults
        self.tokenDelay = tokenDelay
        self.logger = logger
    }

    /// The whole server; `onListening` gets the channel that accepts connections.
    func application(
        address: BindAddress, onListening: @escaping @Sendable (any Channel) async -> Void
    ) -> some ApplicationProtocol {
        let router = Router(context: DemoContext.self)
        router.add(middleware: OpenAIManners())
        router.get("health") { _, _ in health }
        router.get("v1/models") { _, _ in listing }
        router.post("v1/chat/completions") { request, context in try await complete(request, on: context.channel) }
        return Application(
            router: router, server: HTTPServerBuilder { DemoConnection(responder: $0) },
            configuration: ApplicationConfiguration(address: address), onServerRunning: onListening, logger: logger)
    }

    private var served: [DemoModel] {
        faults ? DemoProvider.models + DemoProvider.faultModels : DemoProvider.models
    }

    /// That it answers at all says that it is well; the rest says what it serves.
    private var health: Response {
        Response(json: ["object": "health", "models": .integer(served.count), "faults": .bool(faults)])
    }

    private var listing: Response {
        let models = served.map { model -> JSON in
            // OpenAI's schema wants a creation time; the demo models were made up on the first day of 2026.
            ["id": .string(model.id), "object": "model", "created": 1_767_225_600, "owned_by": "quintet-demo"]
        }
        return Response(json: ["object": "list", "data": .array(models)])
    }

    private func complete(_ request: Request, on channel: any Channel) async throws -> Response {
        let body = try ChatBody.read(try await collect(request))
        guard let model = served.first(where: { $0.id == body.model }) else { throw DemoError.unknownModel(body.model) }
        let wire = ChatWire(
            answer: Answer(to: body, by: model), model: model.id, created: Int(Date.now.timeIntervalSince1970),
            includesUsage: body.wantsUsage)
        if let fault = Fault(rawValue: model.id) {
            logger.debug("misbehaving as asked", metadata: ["model": "\(model.id)"])
            let faulty = FaultyAnswer(
                fault: fault, wire: wire, wantsStream: body.wantsStream, tokenDelay: tokenDelay, flaky: flaky,
                channel: channel)
            return try await faulty.response()
        }
        let pace = Pace(tokenDelay: tokenDelay, firstTokenDelays: model.firstTokenDelays)
        if body.wantsStream { return ChunkStream(wire: wire, pace: pace, channel: channel).response }
        // A plain answer waits for its thinking only: nobody sees its tokens come.
        try await pace.beforeAnswer()
        return Response(json: wire.plain)
    }

    private func collect(_ request: Request) async throws -> ByteBuffer {
        do {
            return try await request.body.collect(upTo: Self.bodyLimit)
        } catch is NIOTooManyBytesError {
            throw DemoError.tooLarge(limit: Self.bodyLimit)
        }
    }
}
