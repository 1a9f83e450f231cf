import Core
package import Gateway
import NIOCore
import Wire

/// Reads the catalogue's files again and swaps them in; throws when they are wrong, and then nothing has changed.
package typealias Reload = @Sendable () async throws -> CatalogueChange

/// `POST /admin/reload`: swaps in changed files without dropping a request, or says why not.
struct ReloadRoute: Sendable {
    let token: AdminToken
    let reload: Reload

    @Sendable func answer(_ request: Request) async throws -> Response {
        try token.check(request.headers)
        let change = try await reload()
        return Response(
            json: JSONWriter.text { writer in
                writer.object {
                    $0.key("status")
                    $0.string("reloaded")
                    $0.key("models")
                    $0.integer(change.models)
                    $0.key("models_on")
                    $0.integer(change.liveModels)
                    $0.key("agents")
                    $0.integer(change.agents)
                    $0.key("deployments_added")
                    $0.array { for id in change.added { $0.string(id) } }
                    $0.key("deployments_removed")
                    $0.array { for id in change.removed { $0.string(id) } }
                }
            })
    }
}
