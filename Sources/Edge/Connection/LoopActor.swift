import NIOCore

/// An event loop as an actor: what is isolated to it runs on the thread that owns the sockets.
///
/// A request's work is microseconds of parsing and planning between waits. On the shared pool each wait would cost two
/// thread switches; here reading, answering and writing stay on one thread, and only the provider's side is another.
/// Nothing that runs here may block.
actor LoopActor {
    nonisolated let executor: LoopExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    /// Of the answers that go out from here.
    var heads = HeadEncoder()

    init(_ loop: any EventLoop) { executor = LoopExecutor(loop) }
}

/// Runs jobs on an event loop: those isolated to its actor, and, as the preference of a connection's tasks, those that
/// are isolated to nothing.
///
/// It has to be both. A continuation resumes its task without isolation, whoever waited; without the preference every
/// wait would end with a turn of the shared pool before it is back on the loop. Jobs run as both at once, so that
/// going from the one to the other is no switch.
final class LoopExecutor: TaskExecutor, SerialExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute {
            job.runSynchronously(
                isolatedTo: self.asUnownedSerialExecutor(), taskExecutor: self.asUnownedTaskExecutor())
        }
    }

    func checkIsolated() { loop.preconditionInEventLoop() }
}
