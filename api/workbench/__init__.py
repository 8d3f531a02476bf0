"""The workbench: pages for people over the same service, in English and Chinese, without anything from outside."""
