import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

// Within the class the name is taken.
private let sendSignal = kill

/// A program was not installed, or ended otherwise than it should.
package struct ProgramFailure: Error {
    package let name: String
    package let output: String

    package init(name: String, output: String) {
        self.name = name
        self.output = output
    }
}

/// A program that runs beside the tests; waiting for it blocks no thread.
package final class Program: Sendable {
    private let process: Process
    private let status = Watched<Int32?>(nil)
    private let name: String
    private let log: String

    /// Starts a program in a directory, which also gets its output, as `NAME.out`.
    package init(_ name: String, _ arguments: [String], in directory: String) throws {
        guard let path = Self.path(of: name) else { throw ProgramFailure(name: name, output: "not installed") }
        self.name = name
        self.log = "\(directory)/\(name).out"
        _ = FileManager.default.createFile(atPath: self.log, contents: nil)
        let output = FileHandle(forWritingAtPath: self.log)
        self.process = Process()
        self.process.executableURL = URL(fileURLWithPath: path)
        self.process.arguments = arguments
        self.process.currentDirectoryURL = URL(fileURLWithPath: directory)
        self.process.standardInput = FileHandle.nullDevice
        self.process.standardOutput = output
        self.process.standardError = output
        self.process.terminationHandler = { [status] ended in status.update { $0 = ended.terminationStatus } }
        try self.process.run()
    }

    /// Nil where these are installed; else what is missing.
    package static func missing(_ names: [String]) -> String? {
        let absent = names.filter { self.path(of: $0) == nil }
        return absent.isEmpty ? nil : "not installed: " + absent.joined(separator: ", ")
    }

    private static func path(of name: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let folders = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/local/sbin"]
        return folders.map { "\($0)/\(name)" }.first(where: FileManager.default.isExecutableFile)
    }

    /// Runs a program to its end, which must be a good one. What it wrote.
    @discardableResult
    package static func run(_ name: String, _ arguments: [String], in directory: String) async throws -> String {
        let program = try Program(name, arguments, in: directory)
        guard try await program.end() == 0 else { throw ProgramFailure(name: name, output: program.output) }
        return program.output
    }

    package var hasEnded: Bool { self.status.value != nil }
    package var output: String { (try? String(contentsOfFile: self.log, encoding: .utf8)) ?? "" }

    package func terminate() { if !self.hasEnded { self.process.terminate() } }

    /// Ends it as a crash does: it can do nothing about it.
    package func kill() { self.signal(SIGKILL) }

    package func pause() { self.signal(SIGSTOP) }
    package func resume() { self.signal(SIGCONT) }

    private func signal(_ number: Int32) { if !self.hasEnded { _ = sendSignal(self.process.processIdentifier, number) } }

    @discardableResult
    package func end() async throws -> Int32 {
        try await self.status.wait("end of \(self.name)") { $0 }
    }

    /// Servers tell nobody when they are ready, so it is asked until it is, or until it has ended.
    package func waitUntilItListens(on port: Int) async throws {
        try await withHardLimit("start of \(self.name)") {
            while true {
                if let client = try? await RawClient.connect(port: port) { return await client.close() }
                if self.hasEnded { throw ProgramFailure(name: self.name, output: self.output) }
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }
}
