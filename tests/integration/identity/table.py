"""Status of every route by role: no role exceeds the rights in docs/rights.md.

302 and 303 redirect to the sign-in, or from a form to its result. 404 hides what a role may not know of, 403
rejects with a message. 409 and 422 mean permitted, but impossible or an empty form. EVENT is
`/events/<event_key>`, API is `/api/v1`.
"""

# nobody, stranger, operator, other, attendee, exhibitor, organiser, owner, read-only, desk helper,
# chamber (route_requests.py)
PAGES = """
GET /                                                        302 302 200 302 302 302 302 302 302 302 302
GET /answers/<token>/                                        200 200 200 200 200 200 200 200 200 200 200
GET /answers/<token>/<step>                                  200 200 200 200 200 200 200 200 200 200 200
GET /answers/<token>/follow.ics                              200 200 200 200 200 200 200 200 200 200 200
GET /answers/<token>/meeting.ics                             200 200 200 200 200 200 200 200 200 200 200
GET /answers/<token>/to/<way>                                303 303 303 303 303 303 303 303 303 303 303
GET /respond/<token>/<step>                                  200 200 200 200 200 200 200 200 200 200 200
GET /asked/<token>/<step>                                    301 301 301 301 301 301 301 301 301 301 301
GET /brand/<event_key>/<brand_token>/<name>                  404 404 404 404 404 404 404 404 404 404 404
GET /calendar/<token>.ics                                    404 404 404 404 404 404 404 404 404 404 404
GET /digests/<token>                                         200 200 200 200 200 200 200 200 200 200 200
GET /events/new                                              302 404 200 404 404 404 404 404 404 404 404
GET /events/new/workbook/                                    302 404 200 404 404 404 404 404 404 404 404
GET /events/new/workbook/<number>                            302 404 200 404 404 404 404 404 404 404 404
GET /events/new/workbook/<number>/errors                     302 404 200 404 404 404 404 404 404 404 404
GET /events/new/workbook/<number>/skipped-rows.xlsx          302 404 200 404 404 404 404 404 404 404 404
GET /events/new/workbook/<number>/panel                      302 404 302 404 404 404 404 404 404 404 404
GET /events/new/workbook/template.xlsx                       302 404 200 404 404 404 404 404 404 404 404
GET /healthz                                                 200 200 200 200 200 200 200 200 200 200 200
GET /help/<name>                                             200 200 200 200 200 200 200 200 200 200 200
GET /metrics                                                 404 404 404 404 404 404 404 404 404 404 404
GET /my-data                                                 302 200 200 200 200 200 200 200 200 200 200
GET /my-data.json                                            302 200 200 200 200 200 200 200 200 200 200
GET /my-data.pdf                                             302 200 200 200 200 200 200 200 200 200 200
GET /operators                                               302 404 200 404 404 404 404 404 404 404 404
GET /operators/events                                        302 404 200 404 404 404 404 404 404 404 404
GET /operators/restored                                      302 404 303 404 404 404 404 404 404 404 404
GET /operators/processing-record                             302 404 200 404 404 404 404 404 404 404 404
GET /operators/processing-record/pipl                        302 404 200 404 404 404 404 404 404 404 404
GET /operators/processing-record/pipl.xlsx                   302 404 200 404 404 404 404 404 404 404 404
GET /operators/retention                                     302 404 200 404 404 404 404 404 404 404 404
GET /operators/unassigned-emails                             302 404 200 404 404 404 404 404 404 404 404
GET /operators/unassigned-emails/<mail_id>                   302 404 200 404 404 404 404 404 404 404 404
GET /operators/unassigned-emails/<mail_id>/raw               302 404 200 404 404 404 404 404 404 404 404
GET /robots.txt                                              200 200 200 200 200 200 200 200 200 200 200
GET /sessions                                                302 200 200 200 200 200 200 200 200 200 200
GET /sessions/passkeys/new                                   302 404 404 404 404 404 404 404 404 404 404
GET /sign-in                                                 200 200 200 200 200 200 200 200 200 200 200
GET /sign-in/<token>                                         410 302 302 302 302 302 302 302 302 302 302
GET /sign-in/providers/<provider_key>/callback               404 404 404 404 404 404 404 404 404 404 404
GET /sign-in/continue                                        302 303 303 303 303 303 303 303 303 303 303
GET /sign-in/second-factor                                   303 303 303 303 303 303 303 303 303 303 303
GET /summaries/<token>                                       200 200 200 200 200 200 200 200 200 200 200
GET /register/<event_key>                                    200 200 200 200 200 200 200 200 200 200 200
GET /registration/<token>                                    200 200 200 200 200 200 200 200 200 200 200
GET /trail                                                   302 301 301 301 301 301 301 301 301 301 301
GET /operators/mails                                         302 301 301 301 301 301 301 301 301 301 301
GET /operators/mails/<rest>                                  302 301 301 301 301 301 301 301 301 301 301
GET EVENT/calendar-status/dead-letters                       302 404 404 301 301 301 301 301 301 301 404
GET /team/<token>                                            410 410 410 410 410 410 410 410 410 410 410
GET /audit-log                                               302 404 200 404 404 404 404 404 404 404 404
GET API/docs                                                 200 200 200 200 200 200 200 200 200 200 200
GET API/openapi.json                                         200 200 200 200 200 200 200 200 200 200 200
GET EVENT                                                    302 404 404 302 302 302 200 200 200 302 302
GET EVENT/<before>                                           302 404 404 301 301 301 301 301 301 301 404
GET EVENT/<before>/<rest>                                    302 404 404 301 301 301 301 301 301 301 404
GET EVENT/agenda                                             302 404 404 200 200 200 403 403 403 403 404
GET EVENT/agenda.pdf                                         302 404 404 200 200 200 403 403 403 403 404
GET EVENT/agenda/firm                                        302 404 404 200 200 200 404 404 404 404 404
GET EVENT/agenda/firm.pdf                                    302 404 404 200 200 200 404 404 404 404 404
GET EVENT/pipl-audit                                         302 404 404 404 404 404 200 200 404 404 404
GET EVENT/pipl-audit/answers.pdf                             302 404 404 404 404 404 200 200 404 404 404
GET EVENT/pipl-audit/answers.xlsx                            302 404 404 404 404 404 200 200 404 404 404
GET EVENT/privacy                                            302 404 404 200 200 200 403 403 403 403 404
GET EVENT/privacy-notice                                     302 404 404 404 404 404 200 200 404 404 404
GET EVENT/brand                                              302 404 404 404 404 404 200 200 404 404 404
GET EVENT/brand/preview                                      302 404 404 404 404 404 200 200 404 404 404
GET EVENT/board                                              302 404 404 404 404 404 200 200 200 403 404
GET EVENT/board/<number>/progress                            302 404 404 404 404 404 303 303 404 404 404
GET EVENT/board/<number>/people/<key>/unavailability         302 404 404 404 404 404 200 200 404 404 404
GET EVENT/board/<number>/updates                             302 404 404 404 404 404 204 204 204 403 404
GET EVENT/busy-times                                         302 404 404 200 200 200 404 404 404 404 404
GET EVENT/busy-times/preview/<key>                           302 404 404 404 404 404 404 404 404 404 404
GET EVENT/calendar-status/                                   302 404 404 404 404 404 200 200 404 404 404
GET EVENT/calendar-status/calls.csv                          302 404 404 404 404 404 200 200 404 404 404
GET EVENT/calendar-status/failed-emails                      302 404 404 404 404 404 200 200 404 404 404
GET EVENT/calendar-status/people/<person_key>                302 404 404 404 404 404 200 200 404 404 404
GET EVENT/colleagues                                         302 404 404 200 403 200 403 403 403 403 404
GET EVENT/colleagues/<key>                                   302 404 404 404 403 404 403 403 403 403 404
GET EVENT/chain-report                                       302 404 404 404 404 404 200 200 404 404 404
GET EVENT/chain-report.pdf                                   302 404 404 404 404 404 200 200 404 404 404
GET EVENT/chain-report.xlsx                                  302 404 404 404 404 404 200 200 404 404 404
GET EVENT/delegations/                                       302 404 404 404 404 404 200 200 404 404 200
GET EVENT/delegations/<delegation_key>                       302 404 404 404 404 404 200 200 404 404 200
GET EVENT/delegations/<delegation_key>/members               302 404 404 404 404 404 200 200 404 404 200
GET EVENT/delegations/<delegation_key>/print-pack.pdf        302 404 404 404 404 404 200 200 404 404 200
GET EVENT/participants/<kind>                                302 404 404 404 404 404 200 200 404 404 404
GET EVENT/participants/<kind>/<key>                          302 404 404 404 404 404 200 200 404 404 404
GET EVENT/participants/options/<kind>                        302 404 404 404 404 404 200 200 404 404 404
GET EVENT/participants/people/<person_key>/data.json         302 404 404 404 404 404 200 200 404 404 404
GET EVENT/participants/requests                              302 404 404 404 404 404 200 200 404 404 200
GET EVENT/participants/requests/new                          302 404 404 404 404 404 200 200 404 404 404
GET EVENT/participants/steps                                 302 404 404 404 404 404 200 200 404 404 404
GET EVENT/priorities                                         302 404 404 404 404 404 200 200 404 404 404
GET EVENT/priorities/panel                                   302 404 404 404 404 404 200 200 404 404 404
GET EVENT/exports/                                           302 404 404 404 404 404 200 200 404 404 404
GET EVENT/exports/event.xlsx                                 302 404 404 404 404 404 200 200 404 404 404
GET EVENT/exports/lists/<slug>.<ending>                      302 404 404 404 404 404 200 200 404 404 404
GET EVENT/exports/offline-pack.zip                           302 404 404 404 404 404 404 404 404 404 404
GET EVENT/exports/plugins/<name>                             302 404 404 404 404 404 404 404 404 404 404
GET EVENT/exports/print/<pack>.pdf                           302 404 404 404 404 404 200 200 404 404 404
GET EVENT/exports/schedule.xlsx                              302 404 404 404 404 404 200 200 404 404 404
GET EVENT/statistics                                         302 404 404 404 404 404 200 200 200 403 404
GET EVENT/statistics/<name>.<ending>                         302 404 404 404 404 404 200 200 200 403 404
GET EVENT/firms                                              302 404 404 200 200 200 200 200 200 200 404
GET EVENT/firms/<firm_key>                                   302 404 404 200 200 200 200 200 200 200 404
GET EVENT/firms/<firm_key>/agenda                            302 404 404 403 200 200 200 200 200 200 200
GET EVENT/firms/<firm_key>/agenda.pdf                        302 404 404 403 200 200 200 200 200 200 200
GET EVENT/firms/<firm_key>/logo/<digest>.png                 302 404 404 404 404 404 404 404 404 404 404
GET EVENT/firms/<firm_key>/request                           302 404 404 200 403 403 403 403 403 403 404
GET EVENT/imports/                                           302 404 404 404 404 404 200 200 404 404 404
GET EVENT/imports/<number>                                   302 404 404 404 404 404 200 200 404 404 404
GET EVENT/imports/<number>/errors                            302 404 404 404 404 404 200 200 404 404 404
GET EVENT/imports/<number>/skipped-rows.xlsx                 302 404 404 404 404 404 200 200 404 404 404
GET EVENT/imports/<number>/panel                             302 404 404 404 404 404 302 302 404 404 404
GET EVENT/imports/template.xlsx                              302 404 404 404 404 404 200 200 404 404 404
GET EVENT/inbox/                                             302 404 404 404 404 404 200 200 404 404 404
GET EVENT/inbox/<mail_id>                                    302 404 404 404 404 404 200 200 404 404 404
GET EVENT/inbox/<mail_id>/raw                                302 404 404 404 404 404 200 200 404 404 404
GET EVENT/interpreter-day                                    302 404 404 404 200 404 404 404 404 404 404
GET EVENT/interpreter-day/agenda.pdf                         302 404 404 404 200 404 404 404 404 404 404
GET EVENT/interpreter-day/manifest.webmanifest               302 404 404 404 200 404 404 404 404 404 404
GET EVENT/interpreter-day/worker.js                          302 404 404 404 200 404 404 404 404 404 404
GET EVENT/email-texts                                        302 404 404 404 404 404 302 302 404 404 404
GET EVENT/email-texts/<language>/<mail_kind>                 302 404 404 404 404 404 200 200 404 404 404
GET EVENT/meetings/<request_key>/outcome                     302 404 404 404 404 404 404 404 403 403 404
GET EVENT/my-day                                             302 404 404 200 200 200 403 403 403 403 404
GET EVENT/my-day/manifest.webmanifest                        302 404 404 200 200 200 200 200 200 200 404
GET EVENT/my-day/token                                       302 404 404 200 200 200 200 200 200 200 404
GET EVENT/my-day/worker.js                                   302 404 404 200 200 200 200 200 200 200 404
GET EVENT/overnight                                          302 404 404 404 404 404 200 200 200 403 404
GET EVENT/people/<person_key>/agenda                         302 404 404 403 403 200 200 200 200 200 200
GET EVENT/people/<person_key>/agenda.pdf                     302 404 404 403 403 200 200 200 200 200 200
GET EVENT/outcomes                                           302 404 404 200 200 200 404 404 404 404 404
GET EVENT/outcomes.xlsx                                      302 404 404 200 200 200 404 404 404 404 404
GET EVENT/preferences                                        302 404 404 200 200 200 403 403 403 403 404
GET EVENT/registrations/                                     302 404 404 404 404 404 200 200 404 404 404
GET EVENT/registrations/<number>                             302 404 404 404 404 404 200 200 404 404 404
GET EVENT/requests/<key>                                     302 404 404 404 200 200 200 200 200 404 200
GET EVENT/requests                                           302 404 404 200 200 200 200 200 200 403 404
GET EVENT/requests/received                                  302 404 404 200 200 200 200 200 200 403 404
GET EVENT/requests/sent                                      302 404 404 200 200 200 200 200 200 403 404
GET EVENT/runs/<number>                                      302 404 404 404 404 404 200 200 200 403 404
GET EVENT/runs/<number>/convergence.<ending>                 302 404 404 404 404 404 200 200 200 403 404
GET EVENT/runs/<number>/panel                                302 404 404 404 404 404 200 200 200 403 404
GET EVENT/schedule                                           302 404 404 404 404 404 200 200 200 403 404
GET EVENT/settings                                           302 404 404 404 404 404 200 200 404 404 404
GET EVENT/dashboard                                          302 404 404 200 403 200 403 403 403 403 404
GET EVENT/dashboard/changes                                  302 404 404 200 403 200 403 403 403 403 404
GET EVENT/dashboard/setup                                    302 404 404 200 403 200 403 403 403 403 404
GET EVENT/team                                               302 404 404 404 404 404 200 200 200 200 404
GET EVENT/tokens                                             302 404 404 200 403 200 200 200 403 403 404
GET EVENT/webhooks                                               302 404 404 404 404 404 200 200 404 404 404
GET EVENT/webhooks/<number>                                      302 404 404 404 404 404 200 200 404 404 404
GET EVENT/audit-log                                          302 404 404 404 404 404 200 200 404 404 404
GET EVENT/audit-log.csv                                      302 404 404 404 404 404 200 200 404 404 404
GET EVENT/venue                                              302 404 404 404 404 404 200 200 404 404 404
GET EVENT/archive                                            302 404 404 404 404 404 404 200 404 404 404
GET EVENT/versions/<number>                                  302 404 404 404 404 404 200 200 200 403 404
GET EVENT/versions/<number>/panel                            302 404 404 404 404 404 200 200 200 403 404
GET EVENT/versions/<number>/publish                          302 404 404 404 404 404 302 302 404 404 404
GET EVENT/week                                               302 404 404 200 200 200 404 404 404 404 404
GET EVENT/first-steps                                        302 404 404 200 403 200 200 200 403 403 404
GET EVENT/event-invitations                                  302 404 404 404 404 404 200 200 404 404 404
GET EVENT/weeks/<kind>/<key>                                 302 404 404 404 404 404 404 404 404 403 404
GET EVENT/weeks/<kind>/<key>/week.<ending>                   302 404 404 404 404 404 404 404 404 403 404
GET EVENT/rehearsal                                          302 404 404 404 404 404 200 200 404 404 404
GET EVENT/rehearsal/<mail_id>                                302 404 404 404 404 404 404 404 404 404 404
GET EVENT/reminders                                          302 404 404 404 404 404 200 200 404 404 404
GET EVENT/exclusions                                         302 404 404 403 403 403 200 200 200 403 404
GET EVENT/versions/<number>/changes                          302 404 404 404 404 404 302 302 302 403 404
GET EVENT/versions/<number>/fairness                         302 404 404 404 404 404 200 200 200 403 404
GET EVENT/versions/<number>/fixes                            302 404 404 404 404 404 200 200 200 403 404
GET EVENT/versions/<number>/fairness/curve                   302 404 404 404 404 404 200 200 200 403 404
GET EVENT/scenarios                                          302 404 404 404 404 404 200 200 200 403 404
GET EVENT/scenarios/<number>                                 302 404 404 404 404 404 200 200 200 403 404
GET EVENT/scenarios/<number>/panel                           302 404 404 404 404 404 200 200 200 403 404
GET EVENT/scenarios/<number>/exhibitors.xlsx                 302 404 404 404 404 404 200 200 200 403 404
GET EVENT/scenarios/comparison.<ending>                      302 404 404 404 404 404 200 200 200 403 404
GET EVENT/versions/<number>/remedies                         302 404 404 301 301 301 301 301 301 301 404
GET EVENT/versions/<number>/remedies/<rest>                  302 404 404 301 301 301 301 301 301 301 404
GET EVENT/versions/<number>/fixes/apply                      302 404 404 404 404 404 404 404 404 404 404
GET EVENT/versions/<number>/fixes/panel                      302 404 404 404 404 404 200 200 200 403 404
GET EVENT/versions/<number>/fixes/workbook.xlsx              302 404 404 404 404 404 200 200 200 403 404
GET EVENT/versions/<number>/fairness/workbook.xlsx           302 404 404 404 404 404 200 200 200 403 404
GET EVENT/versions/<number>/changes/workbook.xlsx            302 404 404 404 404 404 302 302 302 403 404
GET /p/<token>                                               200 200 200 200 200 200 200 200 200 200 200
GET EVENT/ranked-requests                                    302 404 404 200 403 200 404 404 403 403 404
GET EVENT/ranked-requests/request                            302 404 404 200 403 200 403 403 403 403 404
GET EVENT/profile                                            302 404 404 200 403 200 403 403 403 403 404
GET EVENT/search                                             302 404 404 200 200 200 200 200 200 200 404
POST /answers/<token>/<step>                                 409 409 409 409 409 409 409 409 409 409 409
POST /answers/<token>/copied                                 204 204 204 204 204 204 204 204 204 204 204
POST /respond/<token>/<step>                                 303 303 303 303 303 303 303 303 303 303 303
POST /digests/<token>                                        200 200 200 200 200 200 200 200 200 200 200
POST /digests/<token>/again                                  303 303 303 303 303 303 303 303 303 303 303
POST /events/new                                             403 404 422 404 404 404 404 404 404 404 404
POST /events/new/workbook/                                   403 404 422 404 404 404 404 404 404 404 404
POST /events/new/workbook/<number>/discard                   403 404 404 404 404 404 404 404 404 404 404
POST /events/new/workbook/<number>/errors                    403 404 404 404 404 404 404 404 404 404 404
POST /events/new/workbook/<number>/retry                     403 404 404 404 404 404 404 404 404 404 404
POST /events/new/workbook/<number>/create                    403 404 302 404 404 404 404 404 404 404 404
POST /events/new/workbook/<number>/details                   403 404 404 404 404 404 404 404 404 404 404
POST /operators                                              403 404 422 404 404 404 404 404 404 404 404
POST EVENT/delete                                            403 404 404 404 404 404 404 422 404 404 404
POST EVENT/copy                                              403 404 404 404 404 404 404 403 404 404 404
POST EVENT/restore                                           403 404 404 404 404 404 404 302 404 404 404
POST EVENT/archive                                           403 404 404 404 404 404 404 302 404 404 404
POST /operators/delete/<event_key>                           403 404 422 404 404 404 404 404 404 404 404
POST /operators/pause                                        403 404 303 404 404 404 404 404 404 404 404
POST /operators/resume                                       403 404 303 404 404 404 404 404 404 404 404
POST /operators/unassigned-emails/<mail_id>/<step>           403 404 303 404 404 404 404 404 404 404 404
POST /operators/<account_id>/remove                          403 404 404 404 404 404 404 404 404 404 404
POST /sessions/<session_id>/end                              403 404 404 404 404 404 404 404 404 404 404
POST /sessions/passkeys                                      403 404 404 404 404 404 404 404 404 404 404
POST /sessions/passkeys/<passkey_id>/delete                  403 404 404 404 404 404 404 404 404 404 404
POST /sessions/passkeys/options                              403 404 404 404 404 404 404 404 404 404 404
POST /sessions/recovery-codes                                403 200 200 200 200 200 200 200 200 200 200
POST /sessions/others/end                                    403 303 303 303 303 303 303 303 303 303 303
POST /sessions/end                                           403 303 303 303 303 303 303 303 303 303 303
POST /sign-in                                                422 422 422 422 422 422 422 422 422 422 422
POST /sign-in/<token>                                        410 410 410 410 410 410 410 410 410 410 410
POST /sign-in/passkey                                        404 404 404 404 404 404 404 404 404 404 404
POST /sign-in/passkey/options                                404 404 404 404 404 404 404 404 404 404 404
POST /sign-in/second-factor/code                             303 303 303 303 303 303 303 303 303 303 303
POST /sign-in/second-factor/passkey                          303 303 303 303 303 303 303 303 303 303 303
POST /sign-in/second-factor/passkey/options                  303 303 303 303 303 303 303 303 303 303 303
POST /sign-in/providers/<provider_key>                       404 404 404 404 404 404 404 404 404 404 404
POST /sign-in/again                                          403 200 200 200 200 200 200 200 200 200 200
POST /sign-out                                               302 302 302 302 302 302 302 302 302 302 302
POST /summaries/<token>                                      200 200 200 200 200 200 200 200 200 200 200
POST /summaries/<token>/again                                303 303 303 303 303 303 303 303 303 303 303
POST /register/<event_key>                                   422 422 422 422 422 422 422 422 422 422 422
POST /registration/<token>                                   303 303 303 303 303 303 303 303 303 303 303
POST /team/<token>                                           410 410 410 410 410 410 410 410 410 410 410
POST EVENT/agenda/<request_key>/accept                       403 404 404 404 404 404 404 404 404 404 404
POST EVENT/agenda/feed                                       403 404 404 303 303 303 403 403 403 403 404
POST EVENT/agenda/firm/feed                                  403 404 404 303 403 303 403 403 403 403 404
POST EVENT/agenda/firm/feed/end                              403 404 404 303 403 303 403 403 403 403 404
POST EVENT/scenarios                                         403 404 404 404 404 404 422 422 404 404 404
POST EVENT/scenarios/<number>/<step>                         403 404 404 404 404 404 303 303 404 404 404
POST EVENT/versions/<number>/fairness/curve                  403 404 404 404 404 404 303 303 404 404 404
POST EVENT/versions/<number>/fairness/priority               403 404 404 404 404 404 303 303 404 404 404
POST EVENT/board/<number>/people/<key>/unavailability        403 404 404 404 404 404 303 303 404 404 404
POST EVENT/board/<number>/<step>                             403 404 404 404 404 404 303 303 404 404 404
POST EVENT/board/<number>/place                              403 404 404 404 404 404 303 303 404 404 404
POST EVENT/board/drafts                                      403 404 404 404 404 404 404 404 404 404 404
POST EVENT/busy-times/calendars/<key>/remove                 403 404 404 404 404 404 404 404 404 404 404
POST EVENT/busy-times/caldav                                 403 404 404 422 422 422 404 404 404 404 404
POST EVENT/busy-times/link                                   403 404 404 422 422 422 404 404 404 404 404
POST EVENT/busy-times/marked                                 403 404 404 303 303 303 404 404 404 404 404
POST EVENT/busy-times/preview/<key>/discard                  403 404 404 404 404 404 404 404 404 404 404
POST EVENT/busy-times/preview/<key>/save                     403 404 404 404 404 404 404 404 404 404 404
POST EVENT/busy-times/preview/<key>/zone                     403 404 404 404 404 404 404 404 404 404 404
POST EVENT/busy-times/upload                                 403 404 404 422 422 422 404 404 404 404 404
POST EVENT/calendar-status/failed-emails/<step>              403 404 404 404 404 404 302 302 404 404 404
POST EVENT/calendar-status/people/<person_key>/address       403 404 404 404 404 404 422 422 404 404 404
POST EVENT/calendar-status/people/<person_key>/call          403 404 404 404 404 404 302 302 404 404 404
POST EVENT/calendar-status/people/<person_key>/aliases/<alias_id>/remove 403 404 404 404 404 404 302 302 404 404 404
POST EVENT/delegations/                                      403 404 404 404 404 404 422 422 404 404 404
POST EVENT/delegations/<delegation_key>                      403 404 404 404 404 404 422 422 404 404 422
POST EVENT/delegations/<delegation_key>/confirm              403 404 404 404 404 404 303 303 404 404 404
POST EVENT/delegations/<delegation_key>/firms/<firm_key>/<step> 403 404 404 404 404 404 303 303 404 404 404
POST EVENT/delegations/<delegation_key>/people/<person_key>/<step> 403 404 404 404 404 404 303 303 404 404 404
POST EVENT/delegations/<delegation_key>/members              403 404 404 404 404 404 422 422 404 404 422
POST EVENT/delegations/<delegation_key>/members/import       403 404 404 404 404 404 422 422 404 404 422
POST EVENT/delegations/<delegation_key>/remove               403 404 404 404 404 404 303 303 404 404 404
POST EVENT/participants/<kind>/<key>                         403 404 404 404 404 404 303 303 404 404 404
POST EVENT/participants/<kind>/<key>/absences                403 404 404 404 404 404 422 422 404 404 404
POST EVENT/participants/<kind>/<key>/merge                   403 404 404 404 404 404 422 422 404 404 404
POST EVENT/participants/<kind>/restore                       403 404 404 404 404 404 303 303 404 404 404
POST EVENT/participants/<kind>/remove                        403 404 404 404 404 404 303 303 404 404 404
POST EVENT/participants/<kind>/bulk                          403 404 404 404 404 404 422 422 404 404 404
POST EVENT/participants/requests/bulk                        403 404 404 404 404 404 422 422 404 404 422
POST EVENT/participants/requests/new                         403 404 404 404 404 404 422 422 404 404 404
POST EVENT/participants/steps/<number>/undo                  403 404 404 404 404 404 303 303 404 404 404
POST EVENT/priorities                                        403 404 404 404 404 404 302 302 404 404 404
POST EVENT/drafts/discard                                    403 404 404 404 404 404 302 302 404 404 404
POST EVENT/firms/<firm_key>/request                          403 404 404 422 403 403 403 403 403 403 404
POST EVENT/imports/                                          403 404 404 404 404 404 422 422 404 404 404
POST EVENT/imports/<number>/choose                           403 404 404 404 404 404 302 302 404 404 404
POST EVENT/imports/<number>/discard                          403 404 404 404 404 404 302 302 404 404 404
POST EVENT/imports/<number>/errors                           403 404 404 404 404 404 404 404 404 404 404
POST EVENT/imports/<number>/retry                            403 404 404 404 404 404 404 404 404 404 404
POST EVENT/imports/<number>/import                           403 404 404 404 404 404 404 404 404 404 404
POST EVENT/imports/steps/<step_id>/undo                      403 404 404 404 404 404 404 404 404 404 404
POST EVENT/inbox/<mail_id>/<step>                            403 404 404 404 404 404 302 302 404 404 404
POST EVENT/interpreter-day/feed                              403 404 404 404 303 404 404 404 404 404 404
POST EVENT/email-texts/<language>/<mail_kind>                403 404 404 404 404 404 303 303 404 404 404
POST EVENT/emails/<step>                                     403 404 404 404 404 404 302 302 404 404 404
POST EVENT/meetings/<request_key>/outcome                    403 404 404 404 404 404 404 404 404 404 404
POST EVENT/meetings/<request_key>/outcome/undo               403 404 404 404 404 404 404 404 404 404 404
POST EVENT/my-day/<request_key>/answer                       403 404 404 404 404 404 404 404 404 404 404
POST EVENT/my-day/<request_key>/late                         403 404 404 404 404 404 404 404 404 404 404
POST EVENT/overnight                                         403 404 404 404 404 404 422 422 404 404 404
POST EVENT/preferences                                       403 404 404 303 303 303 403 403 403 403 404
POST EVENT/preferences/emails                                403 404 404 303 303 303 403 403 403 403 404
POST EVENT/preferences/feed                                  403 404 404 303 303 303 403 403 403 403 404
POST EVENT/requests/<key>/accept                             403 404 404 404 403 403 303 303 403 404 404
POST EVENT/requests/<key>/decline                            403 404 404 404 403 403 303 303 403 404 404
POST EVENT/requests/<key>/help/<kind>                        403 404 404 404 404 404 404 404 404 404 404
POST EVENT/requests/<key>/undo                               403 404 404 404 303 303 303 303 303 404 303
POST EVENT/requests/<key>/ways/<number>                      403 404 404 404 303 303 303 303 303 404 303
POST EVENT/requests/<key>/withdraw                           403 404 404 404 403 303 303 303 403 404 303
POST EVENT/runs                                              403 404 404 404 404 404 422 422 404 404 404
POST EVENT/runs/<number>/cancel                              403 404 404 404 404 404 409 409 404 404 404
POST EVENT/runs/<number>/stop                                403 404 404 404 404 404 409 409 404 404 404
POST EVENT/pipl-audit                                        403 404 404 404 404 404 303 303 404 404 404
POST EVENT/privacy                                           403 404 404 422 422 422 403 403 403 403 404
POST EVENT/privacy-notice                                    403 404 404 404 404 404 422 422 404 404 404
POST EVENT/brand                                             403 404 404 404 404 404 303 303 404 404 404
POST EVENT/settings                                          403 404 404 404 404 404 422 422 404 404 404
POST EVENT/dashboard/seen                                    403 404 404 303 403 303 403 403 403 403 404
POST EVENT/dashboard/setup/needs                             403 404 404 303 403 303 403 403 403 403 404
POST EVENT/dashboard/setup/offers                            403 404 404 303 403 303 403 403 403 403 404
POST EVENT/dashboard/setup/times                             403 404 404 303 403 303 403 403 403 403 404
POST EVENT/team/invitations/<invitation_id>/revoke           403 404 404 404 404 404 403 404 403 403 404
POST EVENT/team/invite                                       403 404 404 404 404 404 403 422 403 403 404
POST EVENT/team/members/<account_id>                         403 404 404 404 404 404 403 422 403 403 404
POST EVENT/team/members/<account_id>/remove                  403 404 404 404 404 404 403 404 403 403 404
POST EVENT/tokens                                            403 404 404 422 403 422 422 422 403 403 404
POST EVENT/tokens/<token_id>/revoke                          403 404 404 404 403 404 404 404 403 403 404
POST EVENT/webhooks                                              403 404 404 404 404 404 422 422 404 404 404
POST EVENT/webhooks/<number>                                     403 404 404 404 404 404 422 422 404 404 404
POST EVENT/webhooks/<number>/delete                              403 404 404 404 404 404 303 303 404 404 404
POST EVENT/webhooks/<number>/disable                             403 404 404 404 404 404 303 303 404 404 404
POST EVENT/webhooks/<number>/enable                              403 404 404 404 404 404 303 303 404 404 404
POST EVENT/webhooks/<number>/messages/<entry>/replay             403 404 404 404 404 404 404 404 404 404 404
POST EVENT/webhooks/<number>/replay-failed                       403 404 404 404 404 404 303 303 404 404 404
POST EVENT/webhooks/<number>/rotate                              403 404 404 404 404 404 200 200 404 404 404
POST EVENT/venue/<what>                                      403 404 404 404 404 404 422 422 404 404 404
POST EVENT/versions/<number>/end-hold                        403 404 404 404 404 404 302 302 404 404 404
POST EVENT/versions/<number>/compare                         403 404 404 404 404 404 302 302 404 404 404
POST EVENT/versions/<number>/restore-draft                   403 404 404 404 404 404 409 409 404 404 404
POST EVENT/versions/<number>/discard                         403 404 404 404 404 404 409 409 404 404 404
POST EVENT/versions/<number>/publish                         403 404 404 404 404 404 409 409 404 404 404
POST EVENT/versions/<number>/fixes/apply                     403 404 404 404 404 404 404 404 404 404 404
POST EVENT/versions/<number>/fixes/explain                   403 404 404 404 404 404 303 303 404 404 404
POST EVENT/versions/<number>/fixes/try                       403 404 404 404 404 404 404 404 404 404 404
POST EVENT/versions/<number>/restore                         403 404 404 404 404 404 409 409 404 404 404
POST EVENT/versions/<number>/revoke                          403 404 404 404 404 404 302 302 404 404 404
POST EVENT/versions/<number>/trial                           403 404 404 404 404 404 302 302 404 404 404
POST EVENT/versions/<number>/unlock                          403 404 404 404 404 404 404 404 404 404 404
POST EVENT/week/meetings/<request_key>/hand-over             403 404 404 404 403 404 404 404 403 403 404
POST EVENT/week/meetings/<request_key>/keep                  403 404 404 404 403 404 404 404 403 403 404
POST EVENT/week/seen                                         403 404 404 404 404 404 404 404 404 404 404
POST EVENT/first-steps/hide                                  403 404 404 303 403 303 303 303 403 403 404
POST EVENT/first-steps/show                                  403 404 404 303 403 303 303 303 403 403 404
POST EVENT/event-invitations                                 403 404 404 404 404 404 303 303 404 404 404
POST /language                                               303 303 303 303 303 303 303 303 303 303 303
POST EVENT/registrations/                                    403 404 404 404 404 404 422 422 404 404 404
POST EVENT/registrations/<number>                            403 404 404 404 404 404 422 422 404 404 404
POST EVENT/rehearsal/go-live                                 403 404 404 404 404 404 303 303 404 404 404
POST EVENT/reminders                                         403 404 404 404 404 404 302 302 404 404 404
POST EVENT/versions/draft-for-partners                       403 404 404 404 404 404 302 302 404 404 404
POST EVENT/firms/<firm_key>/exclude                          403 404 404 303 403 303 403 403 403 403 404
POST EVENT/firms/<firm_key>/note                             403 404 404 303 403 422 403 403 403 403 404
POST EVENT/firms/<firm_key>/dismiss                          403 404 404 303 403 422 403 403 403 403 404
POST EVENT/firms/<firm_key>/save                             403 404 404 303 403 422 403 403 403 403 404
POST EVENT/firms/<firm_key>/wanted-meeting                   403 404 404 303 403 422 403 403 403 403 404
POST EVENT/versions/<number>/changes/accept-all              403 404 404 404 404 404 303 303 404 404 404
POST EVENT/versions/<number>/changes/decide                  403 404 404 404 404 404 303 303 404 404 404
POST EVENT/versions/<number>/changes/solve                   403 404 404 404 404 404 303 303 404 404 404
POST EVENT/ranked-requests/<key>                             403 404 404 404 403 303 404 404 403 403 404
POST EVENT/ranked-requests/answers                           403 404 404 422 403 422 422 422 403 403 404
POST EVENT/ranked-requests/answers/undo                      403 404 404 303 303 303 303 303 303 303 404
POST EVENT/ranked-requests/request                           403 404 404 422 403 422 403 403 403 403 404
POST EVENT/ranked-requests/drafts/<number>/remove            403 404 404 404 403 404 404 404 403 403 404
POST EVENT/colleagues                                        403 404 404 422 403 422 403 403 403 403 404
POST EVENT/colleagues/<key>                                  403 404 404 404 403 404 403 403 403 403 404
POST EVENT/colleagues/<key>/remove                           403 404 404 404 403 404 403 403 403 403 404
POST EVENT/profile                                           403 404 404 303 403 303 403 403 403 403 404
POST EVENT/profile/logo                                      403 404 404 422 403 422 403 403 403 403 404
POST EVENT/profile/logo/remove                               403 404 404 303 403 303 403 403 403 403 404
"""  # noqa: E501 -- an address and eleven answers

# none, stranger, other, exhibitor, organiser, service; then an organiser's tokens with one scope each:
# requests:read, requests:write, runs:read, runs:write, schedule:read, schedule:publish, people:read,
# people:write, contacts:read, calendar-status:read, venue:write, team:read, team:write (an owner's), audit-
# log:read, outcomes:read, outcomes:write, drafts:write, webhooks:write, settings:write, events:read,
# events:write (an owner's)
CALLS = """
GET API/meetings                                             401 200 403 403 200 200 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/settings                                             401 200 403 403 200 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 200 403 403
GET API/overnight-settings                                   401 200 403 403 200 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 200 403 403
GET API/priorities                                           401 200 403 403 200 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 200 403 403
POST API/settings/change                                     401 200 403 403 200 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 200 403 403
POST API/overnight-settings/change                           401 200 403 403 200 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 200 403 403
POST API/priorities/change                                   401 200 403 403 200 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 200 403 403
GET API/delegations                                          401 200 403 403 200 200 403 403 403 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/delegations                                         401 201 403 403 201 201 403 403 403 403 403 403 403 201 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/delegations/<key>                                    401 404 403 403 404 404 403 403 403 403 403 403 403 404 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/delegations/<key>/change                            401 404 403 403 404 404 403 403 403 403 403 403 403 404 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/delegations/<key>/members/add                       401 404 403 403 404 404 403 403 403 403 403 403 403 404 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/delegations/<key>/members/remove                    401 404 403 403 404 404 403 403 403 403 403 403 403 404 403 403 403 403 403 403 403 403 403 403 403 403 403
DELETE API/delegations/<key>                                 401 404 403 403 404 404 403 403 403 403 403 403 403 404 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/calendar-status                                      401 200 403 403 200 200 403 403 403 403 403 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403
GET API/chain-report                                         401 404 403 403 200 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/chain-report/meetings                                401 404 403 403 200 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/failed-emails                                        401 200 403 403 200 200 403 403 403 403 403 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403
GET API/participants/<kind>/<key>                            401 404 403 403 200 200 403 403 403 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/participants/<kind>/<key>/unavailability             401 422 403 403 422 422 403 403 403 403 403 403 403 422 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/participants/firms                                   401 200 403 403 200 200 403 403 403 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/participants/interpreters                            401 200 403 403 200 200 403 403 403 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/participants/people                                  401 200 403 403 200 200 403 403 403 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/participants/requests                                401 200 403 403 200 200 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/participants/changes                                 401 200 403 403 200 200 403 403 403 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/drafts/<number>                                      401 404 403 403 404 404 403 403 403 403 404 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/event                                                401 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200
GET API/events                                               401 200 200 200 200 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 200 403
GET API/events/<key>                                         401 404 200 200 200 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 200 403
POST API/events                                              401 403 403 403 403 422 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/events/<key>/archive                                401 404 403 403 403 409 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 200
POST API/events/<key>/copy                                   401 404 403 403 403 422 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/events/<key>/restore                                401 404 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 200
GET API/exports                                              401 200 200 200 200 200 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/exports/<name>                                       401 404 404 404 404 404 403 403 403 403 404 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/firm-counts                                          401 200 200 200 200 200 403 403 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/firms                                                401 200 200 200 200 200 403 403 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/firms/<key>                                          401 404 200 200 200 200 403 403 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/firms/<key>/agenda                                   401 404 403 200 200 200 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/email-queue                                          401 200 403 403 200 200 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/rehearsal                                            401 200 403 403 200 200 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/meetings/<key>/outcome                               401 404 404 409 404 404 403 403 403 403 403 403 403 403 403 403 403 403 403 403 404 403 403 403 403 403 403
GET API/outcomes                                             401 404 200 200 404 404 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/people                                               401 200 200 200 200 200 403 403 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/people/<key>                                         401 404 200 200 200 200 403 403 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/people/<key>/agenda                                  401 404 403 200 200 200 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/people/<key>/calendar-status                         401 404 403 403 200 200 403 403 403 403 403 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403
GET API/requests                                             401 200 200 200 200 200 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/requests/<key>                                       401 404 404 200 200 200 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/runs                                                 401 200 403 403 200 200 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/runs/<number>                                        401 404 403 403 200 200 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/team                                                 401 200 403 403 200 200 403 403 403 403 403 403 403 403 403 403 403 200 403 403 403 403 403 403 403 403 403
GET API/team/invitations/<number>                            401 404 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 200 403 403 403 403 403 403 403 403
GET API/team/members/<number>                                401 404 403 403 404 404 403 403 403 403 403 403 403 403 403 403 403 404 403 403 403 403 403 403 403 403 403
GET API/audit-log                                            401 200 403 403 200 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/audit-log/verify                                     401 200 403 403 200 200 403 403 403 403 403 403 403 403 403 403 403 403 403 200 403 403 403 403 403 403 403
GET API/venue                                                401 200 403 403 200 200 403 403 403 403 403 403 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403
GET API/versions                                             401 200 403 403 200 200 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/versions/<number>                                    401 404 403 403 200 200 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/versions/<number>/manual-draft                       401 404 403 403 404 404 403 403 403 403 404 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/webhooks                                                 401 200 403 403 200 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 200 403 403 403
GET API/webhooks/<number>                                        401 404 403 403 200 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 200 403 403 403
GET API/webhooks/<number>/messages                               401 404 403 403 200 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 200 403 403 403
GET API/versions/<number>/changes                            401 404 403 403 503 503 403 403 403 403 503 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/versions/<number>/meetings                           401 404 403 403 200 200 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/versions/<number>/publishing                         401 404 403 403 404 404 403 403 403 403 404 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/versions/<number>/unscheduled                        401 404 403 403 200 200 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/scenarios                                            401 200 403 403 200 200 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
GET API/scenarios/<number>                                   401 404 403 403 200 200 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/participants/<kind>/<key>/unavailability            401 422 403 403 422 422 403 403 403 403 403 403 403 422 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/participants/<kind>/<key>/change                    401 404 403 403 200 200 403 403 403 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/participants/<kind>/<key>/merge                     401 422 403 403 422 422 403 403 403 403 403 403 403 422 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/participants/<kind>/restore                         401 404 403 403 200 200 403 403 403 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/participants/<kind>/remove                          401 404 403 403 200 200 403 403 403 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/participants/requests/actions                       401 404 403 403 404 404 403 404 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/participants/changes/<number>/undo                  401 404 403 403 200 200 403 403 403 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/drafts/<number>/allow                               401 404 403 403 404 404 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 404 403 403 403 403
POST API/drafts/<number>/cancel                              401 404 403 403 404 404 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 404 403 403 403 403
POST API/drafts/<number>/forbid                              401 404 403 403 404 404 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 404 403 403 403 403
POST API/drafts/<number>/lock                                401 404 403 403 404 404 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 404 403 403 403 403
POST API/drafts/<number>/place                               401 404 403 403 404 404 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 404 403 403 403 403
POST API/drafts/<number>/redo                                401 404 403 403 404 404 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 404 403 403 403 403
POST API/drafts/<number>/swap                                401 404 403 403 404 404 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 404 403 403 403 403
POST API/drafts/<number>/undo                                401 404 403 403 404 404 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 404 403 403 403 403
POST API/drafts/<number>/unlock                              401 404 403 403 404 404 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 404 403 403 403 403
POST API/imports                                             401 200 403 403 200 200 403 403 403 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/email-queue/resume                                  401 200 403 403 200 200 403 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/email-queue/pause                                   401 200 403 403 200 200 403 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/email-queue/send-stopped                            401 200 403 403 200 200 403 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/email-queue/stop                                    401 200 403 403 200 200 403 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/rehearsal/go-live                                   401 200 403 403 409 409 403 403 403 403 403 409 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/meetings/<key>/outcome                              401 404 404 409 404 404 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 404 403 403 403 403 403
POST API/meetings/<key>/outcome/withdraw                     401 404 404 409 404 404 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 404 403 403 403 403 403
POST API/requests                                            401 422 201 201 422 422 403 422 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/requests/<key>/accept                               401 404 404 403 409 409 403 409 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/requests/<key>/decline                              401 404 404 403 409 409 403 409 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/requests/<key>/lock                                 401 404 403 403 200 200 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/requests/<key>/undo                                 401 404 404 409 409 409 403 409 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/requests/<key>/unlock                               401 404 403 403 200 200 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/requests/<key>/withdraw                             401 404 404 200 200 200 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/runs                                                401 201 403 403 201 201 403 403 403 201 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/runs/<number>/cancel                                401 200 403 403 409 409 403 403 403 409 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/runs/<number>/stop                                  401 409 403 403 409 409 403 403 403 409 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/team/invitations                                    401 201 403 403 403 201 403 403 403 403 403 403 403 403 403 403 403 403 201 403 403 403 403 403 403 403 403
POST API/team/members/<number>/change                        401 404 403 403 403 404 403 403 403 403 403 403 403 403 403 403 403 403 404 403 403 403 403 403 403 403 403
POST API/webhooks                                                401 200 403 403 200 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 200 403 403 403
POST API/webhooks/<number>/change                                401 404 403 403 200 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 200 403 403 403
POST API/webhooks/<number>/disable                               401 404 403 403 200 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 200 403 403 403
POST API/webhooks/<number>/enable                                401 404 403 403 200 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 200 403 403 403
POST API/webhooks/<number>/messages/<entry>/replay               401 404 403 403 404 404 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 404 403 403 403
POST API/webhooks/<number>/replay-failed                         401 404 403 403 200 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 200 403 403 403
POST API/webhooks/<number>/rotate                                401 404 403 403 200 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 200 403 403 403
POST API/venue/changes                                       401 200 403 403 200 200 403 403 403 403 403 403 403 403 403 403 200 403 403 403 403 403 403 403 403 403 403
POST API/versions/<number>/manual-draft                      401 404 403 403 202 202 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 202 403 403 403 403
POST API/versions/<number>/restore-draft                     401 404 403 403 409 409 403 403 403 403 403 409 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/versions/<number>/discard                           401 404 403 403 409 409 403 403 403 403 403 409 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/versions/<number>/publish                           401 404 403 403 409 409 403 403 403 403 403 409 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/versions/<number>/publishing/start                  401 404 403 403 409 409 403 403 403 403 403 409 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/versions/<number>/publishing/cancel                 401 404 403 403 409 409 403 403 403 403 403 409 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/versions/<number>/restore                           401 404 403 403 409 409 403 403 403 403 403 409 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/scenarios                                           401 422 403 403 422 422 403 403 403 422 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/scenarios/<number>/change                           401 404 403 403 200 200 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/scenarios/<number>/solve                            401 404 403 403 200 200 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
POST API/scenarios/<number>/stop                             401 404 403 403 200 200 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
DELETE API/team/invitations/<number>             401 404 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 200 403 403 403 403 403 403 403 403
DELETE API/team/members/<number>                 401 404 403 403 403 404 403 403 403 403 403 403 403 403 403 403 403 403 404 403 403 403 403 403 403 403 403
DELETE API/webhooks/<number>                                     401 404 403 403 200 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 200 403 403 403
DELETE API/scenarios/<number>                     401 404 403 403 200 200 403 403 403 200 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403 403
"""  # noqa: E501 -- an address and its answers
