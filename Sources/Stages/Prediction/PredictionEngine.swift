import Basics
import Compute
import Grids
import Networks
import Synchronization
import Tensors

/// One network for all tasks of a run: its numbers and the memory that it computes in are there once. It
/// evaluates one window at a time, with all threads.
final class PredictionEngine: Sendable {
  let source: ModelSource
  private let graph: Graph
  private let goals: Goals
  private let parameterBytes: Int
  private struct State {
    var threads = 1
    var loaded: Loaded?
  }
  private let state = Mutex(State())

  /// A model that is ready to compute.
  struct Loaded: Sendable {
    let model: TrainedModel
    let program: Program
  }

  /// - Parameters:
  ///   - graph: what is computed for one window.
  ///   - parameterBytes: of the numbers of the model.
  init(_ source: ModelSource, _ graph: Graph, _ goals: Goals, parameterBytes: Int) {
    (self.source, self.graph, self.goals, self.parameterBytes) = (source, graph, goals, parameterBytes)
  }

  /// The threads of the run.
  func use(threads: Int) {
    state.withLock { state in
      guard state.threads != threads else { return }
      state = State(threads: threads)
    }
  }

  /// Gives back all memory; the next window would load the model again.
  func release() { state.withLock { $0.loaded = nil } }

  /// Bytes that it holds from its first use on. The numbers of a model that is a file are there before, and most of them
  /// are given back then.
  func bytes(threads: Int) -> Int {
    guard let plan = try? plan(threads) else { return 0 }
    let toLoad = source.bytesToLoad(parameterBytes)
    return max(0, plan.bytes + (toLoad > 0 ? toLoad : -plan.releasableBytes))
  }

  private func plan(_ threads: Int) throws(RunError) -> ProgramPlan {
    try ProgramPlan(graph, goals, prepares: true, threads: threads)
  }

  /// The model, read when the first window needs it: a stage above may make it only then.
  func loaded() throws(StageError) -> Loaded {
    let result: Result<Loaded, StageError> = state.withLock { state in
      if let loaded = state.loaded { return .success(loaded) }
      do throws(StageError) {
        let model = try source.load()
        let loaded: Loaded
        do {
          let plan = try plan(state.threads)
          let program = try Program(plan, team: ThreadTeam(threads: state.threads))
          // Nobody else has these numbers; `ModelSource.load` reads them again for another program.
          try program.prepare(model.parameters, releasing: true)
          loaded = Loaded(model: model, program: program)
        } catch {
          throw StageError("the network cannot be made ready: \(error)")
        }
        state.loaded = loaded
        return .success(loaded)
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}
