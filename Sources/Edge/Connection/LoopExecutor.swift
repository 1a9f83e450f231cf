import NIOCore

/// Runs the tasks of a connection on the event loop that owns its socket.
///
/// A request's work is microseconds of parsing and planning between waits. On the shared pool each wait would cost two
/// thread switches; here reading, answering and writing stay on one thread, and only the provider's side is another.
/// Nothing that runs here may block.
final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedTaskExecutor()
        loop.execute { job.runSynchronously(on: executor) }
    }
}
