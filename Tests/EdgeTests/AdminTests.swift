import Core
@testable import Edge
import Foundation
import NIOCore
import NIOHTTP1
import Testing

/// The door, the actions and the audit log, without a server.
@Suite struct AdminTests {
    private static func bearer(_ token: String) -> HTTPHeaders { ["authorization": "Bearer \(token)"] }
    private static func basic(_ pair: String) -> HTTPHeaders {
        ["authorization": "Basic " + Data(pair.utf8).base64EncodedString()]
    }

    private func code(_ body: () throws -> Void) -> GatewayError.Code? {
        do { try body() } catch { return (error as? GatewayError)?.code }
        return nil
    }

    @Test func withoutATokenNobodyActs() {
        let token = AdminToken(secret: nil)
        #expect(code { try token.check(Self.bearer("")) } == .adminOff)
        #expect(!token.isSet)
    }

    @Test func onlyTheTokenAsBearerActs() {
        let door = AdminDoor(keys: ClientKeys(["key"]), token: AdminToken(secret: "token"))
        #expect(code { try door.checkActor(Self.bearer("token")) } == nil)
        #expect(code { try door.checkActor(["authorization": "bearer  token"]) } == nil)
        for headers in [HTTPHeaders(), Self.bearer("key"), Self.bearer("Token"), Self.bearer("token2"), Self.basic("admin:token")] {
            #expect(code { try door.checkActor(headers) } == .invalidKey, "\(headers)")
        }
    }

    @Test func keyAndTokenMayLookAlsoAsAPassword() {
        let door = AdminDoor(keys: ClientKeys(["key"]), token: AdminToken(secret: "to:ken"))
        for headers in [
            Self.bearer("key"), Self.bearer("to:ken"), Self.basic("admin:to:ken"), Self.basic(":to:ken"), Self.basic("x:key"),
        ] { #expect(code { try door.checkReader(headers) } == nil, "\(headers)") }
        for headers in [
            HTTPHeaders(), Self.bearer("no"), Self.basic("to:ken"), Self.basic("token"), ["authorization": "Basic %%%"],
        ] { #expect(code { try door.checkReader(headers) } == .invalidKey, "\(headers)") }
    }

    @Test func withoutClientKeysAllMayLook() {
        let door = AdminDoor(keys: ClientKeys([]), token: AdminToken(secret: "token"))
        #expect(code { try door.checkReader(HTTPHeaders()) } == nil)
    }

    @Test func theFingerprintIsNotTheToken() {
        #expect(AdminToken(secret: "token").fingerprint == "3c469e9d")  // printf token | sha256sum
    }

    // MARK: Actions

    @Test(arguments: [
        ("a/b/open", "a/b", Breaker.Act.open), ("a%2Fb%232/close", "a/b#2", .close),
        ("groq/openai/gpt-oss%40key/reset", "groq/openai/gpt-oss@key", .reset), ("open/open", "open", .open),
    ])
    func readsAction(path: String, deployment: String, act: Breaker.Act) throws {
        let action = try BreakerAction(path: path[...], body: ByteBuffer(string: #"{"reason":" because "}"#))
        #expect(action.deployment == deployment)
        #expect(action.act == act)
        #expect(action.reason == "because")
    }

    @Test(arguments: ["", "open", "/open", "a/b", "a/b/explode", "a/b/open/", "a/%ZZ/open"])
    func refusesOtherPaths(path: String) {
        #expect(code { _ = try BreakerAction(path: path[...], body: ByteBuffer(string: #"{"reason":"r"}"#)) } == .notFound)
    }

    @Test(arguments: [
        ("", GatewayError.Code.missingField), ("{", .invalidJSON), ("{}", .missingField), ("[]", .missingField),
        (#"{"reason":7}"#, .invalidValue), (#"{"reason":"  "}"#, .missingField), (#"{"reason":"a\nb"}"#, .invalidValue),
        (#"{"reason":"\#(String(repeating: "x", count: 201))"}"#, .invalidValue),
    ])
    func wantsAReason(body: String, problem: GatewayError.Code) {
        #expect(code { _ = try BreakerAction(path: "a/b/open", body: ByteBuffer(string: body)) } == problem)
    }

    // MARK: The audit log

    private static let entry = AuditLog.Entry(
        time: BoardFixture.noon, action: "open", details: [("deployment", "a/b"), ("reason", "say \"why\"")],
        tokenFingerprint: "3c469e9d", requestID: "req_1")

    @Test func appendsALineAnAct() async throws {
        let directory = NSTemporaryDirectory() + "quintet-audit-\(UUID().uuidString)/state"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let log = AuditLog(directory: directory)
        try await log.append(Self.entry)
        try await log.append(Self.entry)
        let text = try String(contentsOfFile: directory + "/audit.jsonl", encoding: .utf8)
        let line =
            #"{"time":"2025-11-20T12:00:00Z","action":"open","deployment":"a/b","reason":"say \"why\"","token":"3c469e9d","request_id":"req_1","result":"accepted"}"#
        #expect(text == line + "\n" + line + "\n")
        let attributes = try FileManager.default.attributesOfItem(atPath: directory + "/audit.jsonl")
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
    }

    @Test func saysWhyItCannotWrite() async {
        let error = await #expect(throws: GatewayError.self) { try await AuditLog(directory: "/dev/null/state").append(Self.entry) }
        #expect(error?.code == .auditFailed)
        #expect(error?.message.contains("Nothing was done") == true)
    }

    // MARK: What a client likes to get

    @Test(arguments: [
        (nil, BreakerRoutes.Form.json), ("*/*", .json), ("", .json), ("text/event-stream", .feed), ("image/png", .json),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", .page), ("application/json, text/html", .json),
        ("application/json;q=0.5, text/html", .page), ("TEXT/HTML ; charset=utf-8", .page), ("text/html;q=0", .json),
    ])
    func choosesTheForm(accept: String?, form: BreakerRoutes.Form) { #expect(BreakerRoutes.Form(accept: accept) == form) }

    @Test func seatsAreBoundedAndComeFreeAgain() throws {
        let seats = FeedSeats(limit: 2)
        var taken = [try seats.take(), try seats.take()]
        #expect(code { _ = try seats.take() } == .tooManyFeeds)
        taken.removeLast()
        taken.append(try seats.take())
        #expect(taken.count == 2)
    }
}
