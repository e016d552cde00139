@_exported import Stages
