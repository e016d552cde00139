import Networks

/// The reference nets of the peers' script, by its names: the same layers in the same order.
enum BenchNets {
  static let names = [
    "unet64", "unet32", "srcnn915", "srcnn955", "alexnet", "alexnet-lrn", "liu2016", "resnet34",
  ]

  static func spec(_ name: String) throws -> NetworkSpec {
    switch name {
    case "unet64": NetworkSpec { UNet(base: 64, batchNorm: true) }
    case "unet32": NetworkSpec { UNet(base: 32, batchNorm: true) }
    case "srcnn915": NetworkSpec { SRCNN(kernels: [9, 1, 5]) }
    case "srcnn955": NetworkSpec { SRCNN(kernels: [9, 5, 5]) }
    case "alexnet": alexNet
    case "alexnet-lrn": alexNetWithLRN
    case "liu2016": liu
    case "resnet34": resNet34
    default: throw BenchError("unknown net `\(name)`: \(names.joined(separator: ", "))")
    }
  }

  /// The single column of "One weird trick" (Krizhevsky 2014).
  private static var alexNet: NetworkSpec {
    NetworkSpec {
      Conv(64, kernel: 11, stride: 4, padding: 2)
      ReLU()
      MaxPool(3, stride: 2)
      Conv(192, kernel: 5)
      ReLU()
      MaxPool(3, stride: 2)
      Conv(384, kernel: 3)
      ReLU()
      Conv(256, kernel: 3)
      ReLU()
      Conv(256, kernel: 3)
      ReLU()
      MaxPool(3, stride: 2)
      Flatten()
      Dropout(0.5)
      Dense(4096)
      ReLU()
      Dropout(0.5)
      Dense(4096)
      ReLU()
      Dense(1000)
    }
  }

  /// Krizhevsky et al. 2012, the two columns as groups.
  private static var alexNetWithLRN: NetworkSpec {
    NetworkSpec {
      Conv(96, kernel: 11, stride: 4, padding: .valid)
      ReLU()
      LocalResponseNorm(size: 5, alpha: 1e-4, beta: 0.75, k: 2)
      MaxPool(3, stride: 2)
      Conv(256, kernel: 5, groups: 2)
      ReLU()
      LocalResponseNorm(size: 5, alpha: 1e-4, beta: 0.75, k: 2)
      MaxPool(3, stride: 2)
      Conv(384, kernel: 3)
      ReLU()
      Conv(384, kernel: 3, groups: 2)
      ReLU()
      Conv(256, kernel: 3, groups: 2)
      ReLU()
      MaxPool(3, stride: 2)
      Flatten()
      Dropout(0.5)
      Dense(4096)
      ReLU()
      Dropout(0.5)
      Dense(4096)
      ReLU()
      Dense(1000)
    }
  }

  /// Liu et al. 2016, tropical cyclones.
  private static var liu: NetworkSpec {
    NetworkSpec {
      Conv(8, kernel: 5, padding: .valid)
      ReLU()
      MaxPool(2)
      Conv(16, kernel: 5, padding: .valid)
      ReLU()
      MaxPool(2)
      Flatten()
      Dense(50)
      ReLU()
      Dense(2)
    }
  }

  /// He et al. 2016.
  private static var resNet34: NetworkSpec {
    func block(_ filters: Int, _ stride: Int, _ projects: Bool) -> [any Layer] {
      let inner = Block {
        Conv(filters, kernel: 3, stride: Sizes(stride), padding: 1, bias: false)
        BatchNorm()
        ReLU()
        Conv(filters, kernel: 3, bias: false)
        BatchNorm()
      }
      let shortcut = Block {
        Conv(filters, kernel: 1, stride: Sizes(stride), padding: .valid, bias: false, fit: .floor)
        BatchNorm()
      }
      return projects
        ? [
          Parallel(adds: true) {
            inner; shortcut
          }, ReLU(),
        ] : [Residual { inner }, ReLU()]
    }
    return NetworkSpec {
      Conv(64, kernel: 7, stride: 2, padding: 3, bias: false)
      BatchNorm()
      ReLU()
      MaxPool(3, stride: 2, padding: 1)
      for (filters, count, stride) in [(64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)] {
        for index in 0..<count {
          Block(block(filters, index == 0 ? stride : 1, index == 0 && stride != 1))
        }
      }
      GlobalAveragePool()
      Flatten()
      Dense(1000)
    }
  }
}
