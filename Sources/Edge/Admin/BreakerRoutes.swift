import Core
import Foundation
import Gateway
import NIOCore
import NIOHTTP1
import Wire

/// `/ai/circuit-breaker`: how every breaker stands, as JSON, as a page or as a feed; and the admins' actions.
struct BreakerRoutes: Sendable {
    let gateway: Gateway
    let door: AdminDoor
    let audit: AuditLog
    let seats = FeedSeats()

    // MARK: Looking

    @Sendable func show(_ request: Request) async throws -> Response {
        do throws(GatewayError) { try door.checkReader(request.headers) } catch {
            return Response(refusal: error, asking: "Basic")
        }
        let filter = BreakerFilter(request)
        var response: Response
        switch Form(accept: request.headers.first(name: "accept")) {
        case .json:
            response = Response(json: try await BreakerBoard.now(of: gateway) { $0.json(filter) })
            response.headers.add(name: HeaderName.cacheControl, value: "no-store")
        case .page: response = try await page(filter)
        case .feed: response = try feed(filter, asPage: request.query("feed") == "page")
        }
        response.headers.add(name: "vary", value: "Accept, Authorization")
        return response
    }

    private func page(_ filter: BreakerFilter) async throws -> Response {
        let canAct = door.token.isSet
        let text = try await BreakerBoard.now(of: gateway) {
            ByteBuffer(string: BreakerPage(board: $0, filter: filter, canAct: canAct).document.text)
        }
        return Response(status: .ok, headers: BreakerPage.headers, body: .whole(text))
    }

    private func feed(_ filter: BreakerFilter, asPage: Bool) throws -> Response {
        let feed = BreakerFeed(
            gateway: gateway, form: asPage ? .page : .json, filter: filter, canAct: door.token.isSet, seat: try seats.take())
        return Response(
            status: .ok,
            headers: [
                HeaderName.contentType: "text/event-stream", HeaderName.cacheControl: "no-store",
                HeaderName.accelBuffering: "no",
            ],
            body: .stream { writer in try await feed.write(to: writer) })
    }

    /// What a client likes to get.
    enum Form {
        case json, page, feed

        /// The type it likes best (RFC 9110 §12.5.1), the one named first of several; JSON where it says nothing of ours.
        init(accept: String?) {
            let known: [Substring: Form] = ["application/json": .json, "text/html": .page, "text/event-stream": .feed]
            var best: (form: Form, weight: Double) = (.json, 0)
            for range in (accept ?? "").prefix(1000).lowercased().split(separator: ",") {
                let parts = range.split(separator: ";").map { $0.trimming(while: { $0 == " " || $0 == "\t" }) }
                guard let type = parts.first, let form = known[type] else { continue }
                let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
                if weight > best.weight { best = (form, weight) }
            }
            self = best.form
        }
    }

    // MARK: Acting

    @Sendable func act(_ request: Request) async throws -> Response {
        do throws(GatewayError) { try door.checkActor(request.headers) } catch {
            return Response(refusal: error, asking: "Bearer")
        }
        let action = try BreakerAction(path: Self.subpath(of: request), body: request.body)
        let deployment = try deployment(action.deployment)
        try await audit.append(
            AuditLog.Entry(
                time: .now, action: action.act.rawValue,
                details: [("deployment", deployment.id), ("reason", action.reason)],
                tokenFingerprint: door.token.fingerprint, requestID: request.id))
        let change = gateway.breakers.perform(action.act, on: deployment, reason: action.reason)
        return Response(json: try await BreakerBoard.now(of: gateway) { $0.json(change) })
    }

    private func deployment(_ id: String) throws(GatewayError) -> Deployment {
        let known = gateway.catalogue.deployments
        guard let deployment = known.first(where: { $0.id == id }) else {
            let live = known.filter(\.isLive).map(\.id)
            let more = live.count > 20 ? " and \(live.count - 20) more; GET /ai/circuit-breaker lists them" : ""
            throw GatewayError(
                .deploymentNotFound, .client,
                "There is no deployment '\(id.prefix(200))'. There are: \(live.prefix(20).joined(separator: ", "))\(more).",
                param: "deployment")
        }
        guard deployment.isLive else {
            throw .invalid("deployment", "The deployment '\(id.prefix(200))' is off, so its breaker has nothing to decide.")
        }
        return deployment
    }

    /// What stands behind the base path.
    private static func subpath(of request: Request) -> Substring {
        let path = request.path
        let base = AdminDoor.prefixes.first { path.hasPrefix($0 + "/") } ?? ""
        return path.dropFirst(base.count + 1)
    }
}

extension Substring {
    fileprivate func trimming(while isBlank: (Character) -> Bool) -> Substring {
        let left = drop(while: isBlank)
        return left.lastIndex { !isBlank($0) }.map { left[...$0] } ?? ""
    }
}
