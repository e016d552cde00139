import Basics

extension Decoding {
  /// `mse`, or `{huber: {delta: 0.5}}`.
  public func loss(_ value: ConfigValue) -> (any Loss)? {
    one(
      value, "loss",
      of: allLosses.map { type in
        (type.declaration, { (arguments: Arguments) throws(PlanError) in try type.init(arguments) })
      })
  }

  /// `adam`, or `{sgd: {momentum: 0.9}}`.
  public func optimiser(_ value: ConfigValue) -> (any Optimiser)? {
    one(
      value, "optimiser",
      of: allOptimisers.map { type in
        (type.declaration, { (arguments: Arguments) throws(PlanError) in try type.init(arguments) })
      })
  }

  /// `constant`, or `{cosine: {...}}`.
  public func schedule(_ value: ConfigValue) -> (any Schedule)? {
    one(
      value, "schedule",
      of: allSchedules.map { type in
        (type.declaration, { (arguments: Arguments) throws(PlanError) in try type.init(arguments) })
      })
  }
}
