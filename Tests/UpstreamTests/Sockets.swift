import Foundation

/// This process's sockets, from `/proc`: exact even while other tests run, which a plain count of descriptors is not.
enum Sockets {
    /// How many are connected, or connecting, to that port of 127.0.0.1.
    static func connected(to port: Int) -> Int {
        let own = descriptors()
        guard let table = try? String(contentsOfFile: "/proc/self/net/tcp", encoding: .utf8) else { return -1 }
        let remote = "0100007F:" + String(format: "%04X", port)
        return table.split(separator: "\n").dropFirst().count { line in
            let fields = line.split(separator: " ")
            return fields.count > 9 && fields[2] == remote && own.contains("socket:[\(fields[9])]")
        }
    }

    private static func descriptors() -> Set<String> {
        let directory = "/proc/self/fd"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return Set(names.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "\(directory)/\($0)") })
    }
}
