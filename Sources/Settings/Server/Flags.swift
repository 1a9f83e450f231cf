/// What the command line says; nil where it says nothing.
package struct Flags: Sendable, Equatable {
    package var config: String?
    package var host: String?
    package var port: Int?
    package var models: String?
    package var agents: String?
    package var weights: String?
    package var stateDirectory: String?
    package var loops: Int?
    package var maxBodyBytes: Int?
    package var drainSeconds: Double?
    package var headSeconds: Double?
    package var bodySeconds: Double?
    package var idleSeconds: Double?
    package var maxConnections: Int?
    package var logLevel: String?

    package init() {}
}
