;;; twiceshy.el --- twiceshy's findings through eglot -*- lexical-binding: t; -*-

;;; Commentary:
;; Emacs 29 has eglot, which runs one server for each buffer.  `M-x eglot' in a buffer of one of these modes starts
;; twiceshy; in modes for which you use another server, leave the mode out of the list.

;;; Code:

(require 'eglot)

(defvar twiceshy-modes
  '(yaml-mode yaml-ts-mode docker-compose-mode dockerfile-mode dockerfile-ts-mode sh-mode bash-ts-mode sql-mode
              makefile-mode conf-mode dotenv-mode)
  "Modes of files that twiceshy judges.")

(add-to-list 'eglot-server-programs (cons twiceshy-modes '("twiceshy" "lsp")))

(provide 'twiceshy)
;;; twiceshy.el ends here
