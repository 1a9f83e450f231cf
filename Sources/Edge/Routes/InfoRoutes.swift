import Core
import Foundation
import Gateway
import NIOHTTP1
import Synchronization
import Wire

/// What clients and load balancers ask besides chat: the models, and whether the gateway lives.
struct InfoRoutes: Sendable {
    let gateway: Gateway
    /// Seconds since 1970.
    let startedAt: Int
    let drain: DrainFlag

    @Sendable func models(_ request: Request) async throws -> Response {
        Response(json: ModelList.all(gateway.catalogue, created: startedAt))
    }

    @Sendable func model(_ request: Request) async throws -> Response {
        // Names hold slashes (`agent/dev`), and clients may escape them.
        let path = request.path.dropFirst("/v1/models/".count)
        let name = String(path).removingPercentEncoding ?? String(path)
        guard let body = ModelList.one(name, gateway.catalogue, created: startedAt) else {
            throw GatewayError(
                .modelNotFound, .client,
                "There is no model '\(name.prefix(200))'. GET /v1/models lists what can be asked for.", param: "model")
        }
        return Response(json: body)
    }

    @Sendable func health(_ request: Request) async throws -> Response {
        let resting = gateway.breakers.reports().filter { $0.deployment.isLive && $0.report.phase == .open }.count
        let live = gateway.catalogue.deployments.filter(\.isLive).count
        let status = drain.isSet ? "draining" : live > 0 && resting == live ? "unhealthy" : resting > 0 ? "degraded" : "healthy"
        let body = JSONWriter.text { writer in
            writer.object {
                $0.key("status")
                $0.string(status)
                $0.key("summary")
                $0.string(
                    "\(gateway.catalogue.liveModels.count) models on \(live) deployments, \(resting) of them resting")
            }
        }
        return Response(json: body, status: drain.isSet ? .serviceUnavailable : .ok)
    }
}

/// Set once the gateway stops taking new work.
final class DrainFlag: Sendable {
    private let flag = Atomic(false)
    var isSet: Bool { flag.load(ordering: .relaxed) }
    func set() { flag.store(true, ordering: .relaxed) }
}
