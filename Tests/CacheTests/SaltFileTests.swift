import Cache
import Core
import Foundation
import Gateway
import Logging
import NIOPosix
import ServiceLifecycle
import ServiceLifecycleTestKit
import Testing

/// What the cache keeps in the state directory, and what it says of files that it cannot use.
@Suite struct SaltFileTests {
    /// A state directory that is gone after the test; it is not there before something is written.
    private final class StateDirectory: Sendable {
        let path = FileManager.default.temporaryDirectory.appending(path: "state-\(UUID().uuidString)").path()
        deinit { try? FileManager.default.removeItem(atPath: path) }

        func write(_ text: String, to name: String, mode: Int = 0o600) throws {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            #expect(FileManager.default.createFile(
                atPath: "\(path)/\(name)", contents: Data(text.utf8), attributes: [.posixPermissions: mode]))
        }

        func text(_ name: String) throws -> String { try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) }

        func mode(_ name: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")[.posixPermissions] as? Int
        }

        var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }
    }

    private let directory = StateDirectory()
    private var file: SaltFile { SaltFile(stateDirectory: directory.path) }
    private let master = MasterSecret(Array(0..<32))!

    private func id(_ master: MasterSecret) -> UInt32 { TenantSecret(tenant: "acme", salt: [1], master: master).id }

    private func problem(_ body: () throws -> some Any) -> String {
        do {
            _ = try body()
            return "none"
        } catch { return "\(error)" }
    }

    private func secrets(_ records: [String: TenantSalt] = [:]) -> TenantSecrets {
        TenantSecrets(master: master, records: records) { 5 }
    }

    private func keeper(_ secrets: TenantSecrets) -> SaltKeeper {
        SaltKeeper(secrets, file: file, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    // MARK: Salts

    @Test func whatIsSavedIsRead() async throws {
        #expect(try file.read().isEmpty)
        let secrets = secrets()
        _ = secrets.secrets(of: "acme")
        _ = secrets.secrets(of: "a \"name\"\n漢字")
        #expect(secrets.rotate("acme", overlap: .seconds(1)) && secrets.forget("a \"name\"\n漢字"))
        try await keeper(secrets).save()
        #expect(try file.read() == secrets.snapshot.records)
        #expect(try directory.mode("cache-salts.json") == 0o600)
        #expect(directory.names == ["cache-salts.json"])
    }

    @Test func theServiceSavesWhatChangesAndTheLastOfItAtTheEnd() async throws {
        let secrets = secrets()
        let keeper = keeper(secrets)
        try await testGracefulShutdown { trigger in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await keeper.run() }
                _ = secrets.secrets(of: "acme")
                while try file.read().isEmpty { await Task.yield() }
                trigger.triggerGracefulShutdown()
                try await group.waitForAll()
            }
        }
        #expect(try file.read() == secrets.snapshot.records)
        _ = secrets.forget("acme")
        try await keeper.save()
        #expect(try file.read() == secrets.snapshot.records)
    }

    @Test func savesAtOnceEndWithTheNewest() async throws {
        let secrets = secrets()
        let keeper = keeper(secrets)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                group.addTask {
                    _ = secrets.secrets(of: "tenant-\(number)")
                    try await keeper.save()
                }
            }
            try await group.waitForAll()
        }
        #expect(try file.read().count == 20)
    }

    /// However many wait for a slow disk, one thread does.
    @Test(.timeLimit(.minutes(1))) func oneWritesForAllWhoWait() async throws {
        try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: true)
        // To open it for writing waits for a reader.
        let pipe = "\(directory.path)/cache-salts.json.new"
        #expect(mkfifo(pipe, 0o600) == 0)
        let secrets = secrets()
        let keeper = keeper(secrets)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    _ = secrets.secrets(of: "tenant-\(number)")
                    // The pipe cannot be put on a disk: it fails for all of them.
                    await #expect(throws: StateFileError.self) { try await keeper.save() }
                }
            }
            while secrets.snapshot.records.count < 200 { await Task.yield() }
            for number in 0..<100 {
                await Task.yield()
                #expect(try await NIOThreadPool.singleton.runIfActive { number } == number)
            }
            let reader = open(pipe, O_RDONLY | O_NONBLOCK)
            defer { close(reader) }
            try await group.waitForAll()
        }
        try FileManager.default.removeItem(atPath: pipe)
        try await keeper.save()
        #expect(try file.read() == secrets.snapshot.records)
    }

    @Test(arguments: [
        "", "{", "[]", #"{"version":1}"#, #"{"version":2,"tenants":{}}"#,
        #"{"version":1,"tenants":{"a":{"salt":"00","forgettings":0,"epoch":0}}}"#,
        #"{"version":1,"tenants":{"a":{"salt":"\#(String(repeating: "0g", count: 32))","forgettings":0,"epoch":0}}}"#,
        #"{"version":1,"tenants":{"a":{"salt":"\#(String(repeating: "00", count: 32))","forgettings":-1,"epoch":0}}}"#,
    ])
    func aDamagedFileStopsTheStartAndStaysAsItIs(text: String) throws {
        try directory.write(text, to: "cache-salts.json")
        let problem = problem { try file.read() }
        #expect(problem.hasPrefix("\(directory.path)/cache-salts.json: is damaged: "))
        #expect(problem.hasSuffix("Restore it from a backup, or remove it: what was cached cannot be read any more then."))
        #expect(try directory.text("cache-salts.json") == text)
    }

    @Test func filesThatOthersCanReadAreRefused() throws {
        let content = String(repeating: "0", count: 64)
        for name in ["cache-salts.json", "cache-secret"] {
            try directory.write(content, to: name, mode: 0o640)
            let path = "\(directory.path)/\(name)"
            let found = problem {
                name == "cache-secret"
                    ? try id(MasterSecret.load(given: nil, stateDirectory: directory.path)) : try UInt32(file.read().count)
            }
            #expect(found == "\(path): can be read by other users of this machine, and it is secret. Run: chmod 600 \(path)")
        }
    }

    @Test func whatCannotBeWrittenIsToldAndStillCounts() async throws {
        // A file stands where the directory should be.
        try Data().write(to: URL(filePath: directory.path))
        let secrets = secrets()
        _ = secrets.secrets(of: "acme")
        let keeper = keeper(secrets)
        await #expect(throws: StateFileError.self) { try await keeper.save() }
        try FileManager.default.removeItem(atPath: directory.path)
        try await keeper.save()
        #expect(try file.read() == secrets.snapshot.records)
    }

    // MARK: The master secret

    @Test func theMasterSecretIsMadeOnceAndKept() throws {
        #expect(try MasterSecret.find(given: nil, stateDirectory: directory.path) == nil && directory.names.isEmpty)
        let first = try MasterSecret.load(given: nil, stateDirectory: directory.path)
        #expect(try id(MasterSecret.load(given: nil, stateDirectory: directory.path)) == id(first))
        #expect(try directory.mode("cache-secret") == 0o600)
        #expect(directory.names == ["cache-secret"])
        let text = try directory.text("cache-secret")
        #expect(text.count == 65)
        // On another machine, as a variable, it is the same.
        let elsewhere = StateDirectory()
        let given = try MasterSecret.load(given: String(text.dropLast()), stateDirectory: elsewhere.path)
        #expect(id(given) == id(first) && elsewhere.names.isEmpty)
        #expect(try id(MasterSecret.load(given: nil, stateDirectory: elsewhere.path)) != id(first))
    }

    @Test func processesThatStartTogetherHaveOneMasterSecret() async throws {
        let path = directory.path
        let ids = try await withThrowingTaskGroup(of: UInt32.self) { group in
            for _ in 0..<8 {
                group.addTask { TenantSecret(tenant: "acme", salt: [1], master: try .load(given: nil, stateDirectory: path)).id }
            }
            return try await group.reduce(into: Set<UInt32>()) { $0.insert($1) }
        }
        #expect(ids.count == 1)
    }

    @Test(arguments: ["", "short\n", "two\nlines of thirty-two characters", "\u{7}\(String(repeating: "0", count: 40))"])
    func aDamagedMasterSecretIsNotReplaced(text: String) throws {
        try directory.write(text, to: "cache-secret")
        let problem = problem { try MasterSecret.load(given: nil, stateDirectory: directory.path) }
        #expect(problem.contains("cache-secret: is damaged: it must hold one line of at least 32 letters and digits. Restore it"))
        #expect(try directory.text("cache-secret") == text)
    }
}
