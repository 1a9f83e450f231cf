import Core
import FoundationEssentials
import Gateway
import NIOCore
import NIOHTTP1
import Wire

/// `/api/cache`: what the cache has done, and what it is to forget.
struct CacheRoutes: Sendable {
    /// nil where it is off.
    let keeping: AnswerKeeping?
    let flights: @Sendable () -> FlightReport?
    let door: AdminDoor
    let audit: AuditLog

    /// `GET /api/cache/stats`. The figures are those of all tenants, so they are for admins.
    @Sendable func stats(_ request: Request) async throws -> Response {
        try await behindDoor { () throws(GatewayError) in
            try door.checkOverview(request.headers)
        } answer: { _ in
            var response = Response(json: CacheFigures(report: try existing().cache.report, flights: flights()).json)
            response.headers.add(name: HeaderName.cacheControl, value: "no-store")
            return response
        }
    }

    /// `POST /api/cache/invalidate`. A client's key forgets what is its own tenant's, the admin token everything; what an
    /// admin does is in the audit log first.
    @Sendable func invalidate(_ request: Request) async throws -> Response {
        try await behindDoor { () throws(GatewayError) in
            try door.checkCaller(request.headers)
        } answer: { caller in
            let keeping = try existing()
            let wanted = try InvalidationRequest(request.body)
            if caller != .admin { try checkIsOwn(wanted, of: caller.tenant) }
            let which = try wanted.invalidation(tenant: caller.tenant)
            if caller == .admin { try await note("forget", wanted.details, request) }
            // A tenant's own secret goes with its answers, so that copies of them that lie elsewhere are of no use either.
            if let tenant = wanted.tenant(of: caller.tenant) {
                return Response(json: try await keeping.forget(tenant, for: caller.client).json)
            }
            return Response(json: try await keeping.invalidate(which, for: caller.client).json)
        }
    }

    /// `POST /api/cache/rotate`: another secret for a tenant, its own or, for admins, any. What was kept under the old one can be
    /// read until the overlap ends.
    @Sendable func rotate(_ request: Request) async throws -> Response {
        try await behindDoor { () throws(GatewayError) in
            try door.checkCaller(request.headers)
        } answer: { caller in
            let keeping = try existing()
            let wanted = try RotationRequest(request.body)
            let tenant = wanted.tenant ?? caller.tenant
            if caller != .admin, tenant != caller.tenant { throw adminOnly("tenant") }
            if caller == .admin { try await note("rotate", [("tenant", tenant)], request) }
            guard try await keeping.rotate(tenant, overlap: wanted.overlap) else {
                throw GatewayError.invalid("tenant", "Nothing was ever cached for the tenant '\(tenant.prefix(100))'.")
            }
            return Response(json: ByteBuffer(string: #"{"rotated":true}"#))
        }
    }

    /// Answers whom the door lets in; to all others says how to come in.
    private func behindDoor<Caller>(
        _ check: () throws(GatewayError) -> Caller, answer: (Caller) async throws -> Response
    ) async throws -> Response {
        let caller: Caller
        do throws(GatewayError) { caller = try check() } catch { return Response(refusal: error, asking: "Bearer") }
        return try await answer(caller)
    }

    private func note(_ action: String, _ details: [(name: String, value: String)], _ request: Request) async throws {
        try await audit.append(
            AuditLog.Entry(
                time: .now, action: action, details: details, tokenFingerprint: door.token.fingerprint, requestID: request.id))
    }

    private func existing() throws(GatewayError) -> AnswerKeeping {
        guard let keeping else {
            throw GatewayError(.cacheOff, .client, "This gateway has no cache: it was started with the cache switched off.")
        }
        return keeping
    }

    private func checkIsOwn(_ wanted: InvalidationRequest, of tenant: String) throws(GatewayError) {
        guard let field = wanted.fieldBeyond(tenant: tenant) else { return }
        // Says how there comes to be a token.
        if !door.token.isSet { try door.token.check([:]) }
        throw adminOnly(field)
    }

    private func adminOnly(_ field: String) -> GatewayError {
        let own = #"With a client key you can forget by 'user', 'session', 'tag', and all of your own with {"tenant": "self"}."#
        return GatewayError(
            .adminOnly, .client,
            "'\(field)' reaches other tenants' answers, which takes the admin token as 'Authorization: Bearer <token>'. \(own)",
            param: field)
    }
}

extension CacheInvalidationReport {
    /// `{"removed": {"L1", "L2", "L3"}, "total", "remote_pending"}`; an answer in two tiers was removed twice.
    var json: ByteBuffer {
        JSONWriter.text { writer in
            writer.object {
                $0.key("removed")
                $0.object {
                    $0.key("L1")
                    $0.integer(memory)
                    $0.key("L2")
                    $0.integer(session)
                    $0.key("L3")
                    if let remote { $0.integer(remote) } else { $0.null() }
                }
                $0.key("total")
                $0.integer(memory + session + (remote ?? 0))
                $0.key("remote_pending")
                $0.bool(isRemotePending)
            }
        }
    }
}
