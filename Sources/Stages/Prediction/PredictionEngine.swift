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
  private let geometry: PredictionGeometry
  private struct State {
    var threads = 1
    var plan: ProgramPlan?
    var loaded: Loaded?
  }
  private let state = Mutex(State())

  /// A model that is ready to compute.
  struct Loaded: Sendable {
    let model: TrainedModel
    let program: Program
  }

  init(_ source: ModelSource, _ geometry: PredictionGeometry) {
    (self.source, self.geometry) = (source, geometry)
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

  /// Bytes that it holds from its first use on. The numbers of a model that is a file are there before.
  func bytes(threads: Int) -> Int {
    let program = (try? Self.plan(geometry, threads))?.bytes ?? 0
    return program + source.bytesToLoad(geometry.parameterBytes)
  }

  private static func plan(_ geometry: PredictionGeometry, _ threads: Int) throws(RunError) -> ProgramPlan {
    try ProgramPlan(geometry.graph, geometry.goals, prepares: true, threads: threads)
  }

  /// The model, read when the first window needs it: a stage above may make it only then.
  func loaded() throws(StageError) -> Loaded {
    let result: Result<Loaded, StageError> = state.withLock { state in
      if let loaded = state.loaded { return .success(loaded) }
      do throws(StageError) {
        let model = try source.load()
        let loaded: Loaded
        do {
          let plan = try Self.plan(geometry, state.threads)
          loaded = Loaded(
            model: model, program: try Program(plan, team: ThreadTeam(threads: state.threads)))
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
