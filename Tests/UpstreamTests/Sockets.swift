import Foundation

/// This process's sockets, from `/proc`: exact even while other tests run, which a plain count of descriptors is not.
enum Sockets {
    /// How many are connected, or connecting, to that port of 127.0.0.1.
    static func connected(to port: Int) -> Int {
        let own = descriptors()
        // A plain read of the whole file stops after a page, because its size is said to be 0.
        guard let file = FileHandle(forReadingAtPath: "/proc/self/net/tcp"), let table = try? file.readToEnd() else {
            return -1
        }
        let remote = "0100007F:" + String(format: "%04X", port)
        return String(decoding: table, as: UTF8.self).split(separator: "\n").dropFirst().count { line in
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
