// Made of the catalog by test/core/catalog/shapes.test.ts. What the transform must know of it: `shape.ts` says how to read it.

/** Columns of the envelope. */
export const ENVELOPE =
  'event_id:s stream:s schema_version:i ts:t ts_ms:i ts_source=ts|emitted_at|bar_ts|none ts_local:s ts_naive:b strategy_id:s session_id:s venue:s account_id:s symbol:s position_side=both|long|short position_id:s group_id:s mode=live|paper|backtest|shadow|testnet timeframe:s timeframe_source=record|path|linked bar_id:i bar_ts:t experiment_id:s strategy_variant:s cohort_assignment:s seq:i emitted_at:t ingested_at:t emitter_version:s sample_rate:d source:s source_path:s source_log:s source_event_id:s dialect:s nonfinite:[s] misfits:[s] extra:j';

/** Own columns of the streams that lines may end in, by the stream’s name. */
export const SHAPES: Readonly<Record<string, string>> = {
  signals:
    'p_down:d p_neutral:d p_up:d s_model:d calibration_a:d calibration_b:d direction:i alpha:d chosen:s decision_mode:s eligible:{b} source_signals:{d} model_source:s bma_w_base:d bma_w_prob:d pred_bma_bps:d pred_cal_bps:d band_bps:d raw_value:d cohort_pros:d cohort_amateurs:d cohort_mood:d features:[d] overlay:(enabled:b,confidence:d,chosen_timeframes:[s],alignment_rule:s,individual_signals:{(direction:i,alpha:d,confidence:d)}) prediction_bps:d named_features:{d} features_norm:{d} cohort:s cohort_sizes:{d} cohort_correlations:{d} zscore_clip_events:i selected_arm:s eligible_arms:[s] raw_action:s final_action:s is_forced:b is_synthetic:b config_hash:s realized_pnl_bps:d forward_return_bps:d outcome_bar_id:i model_id:s model_version:s manifest_id:s horizon_bars:d feature_calc_ms:d model_inference_ms:d decision_logic_ms:d risk_check_ms:d execution_ms:d total_latency_ms:d cycle_id:s cycle_index:i decision_id:s',
  ensemble:
    'pred_stack_bps:d pred_bma_bps:d pred_cal_bps:d raw_score_bps:d predictions:[d] model_predictions_bps:{d} weights:{d} model_source:s manifest:j model_id:s model_version:s manifest_id:s horizon_bars:d decision_id:s',
  calibration:
    'a:d b:d fold:i pred_raw_bps:d pred_cal_bps:d band_bps:d in_band_flag:b in_band_share:d realized_bps:d prediction_error_bps:d calibration_score:d prediction_accuracy:d model_id:s model_version:s manifest_id:s horizon_bars:d',
  feature_log:
    'mom_3:d mr_ema20:d obi_10:d spread_bps:d rv_1h:d funding_delta:d adv20:d volume_ratio:d price_change_bps:d volatility_regime:s liquidity_score:d regime_bucket:s regime:s roc:d rsi:d trend_slope:d trend_strength:d range_ratio:d depth_score:d volatility_estimate:d volatility_estimate_identity:s volatility_estimate_semantics:s volatility_estimate_productive_authority:b mark_px:d features:{d} feature_timestamps:{t} stale_features:[s] feature_version:s feature_config_version:s feature_digest:s regime_config_version:s regime_digest:s regime_state_source:s default_regime_fallback_active:b warmup_complete:b features_ok:b blockers:[s] cycle_id:s cycle_index:i decision_id:s ai_layer_role:s ai_layer_can_override_decisions:b ai_layer_non_authority:b',
  explainability:
    'method:s prediction:d base_value:d feature_contributions:{d} feature_values:{d} rest:d model_id:s model_version:s manifest_id:s horizon_bars:d cycle_id:s cycle_index:i decision_id:s',
  overlay_status:
    'enabled:b direction:i alpha:d confidence:d alignment_rule:s agreement_pct:d chosen_timeframes:[s] conflicting_timeframes:[s] strongest_timeframe:s weakest_timeframe:s individual_signals:{(direction:i,alpha:d,confidence:d)}',
  order_intent:
    'side=buy|sell|hold qty:d intent_size:d intent_notional_usd:d order_type~ limit_px:d stop_px:d time_in_force:s reduce_only:b current_price:d signal_source:s signal_strength:d model_confidence:d risk_score:d guards:[(name:s,passed:b,value:d,limit:d,reason:s)] veto_primary:s veto_secondary:s reason_codes:[s] spread_bps:d volatility:d volume:d funding_rate:d is_forced:b exit_reason:s intent_class:s intent_action:s decision_outcome:s decision_producer:s quantity_source:s selected_side:s armed_direction:s safety_blocked:b sequence:i regime:s regime_digest:s feature_digest:s config_digest:s config_hash:s capability_id:s cycle_id:s cycle_index:i order_id:s client_order_id:s venue_order_id:s intent_id:s decision_id:s risk_decision_id:s correlation_id:s idempotency_key:s ai_layer_role:s ai_layer_can_override_decisions:b ai_layer_non_authority:b',
  gate: 'name:s passed:b value:d limit:d gap:d reason:s level:s component:s side=buy|sell|hold qty:d price:d notional_usd:d cycle_id:s cycle_index:i order_id:s client_order_id:s venue_order_id:s intent_id:s decision_id:s risk_decision_id:s correlation_id:s idempotency_key:s',
  order:
    'side=buy|sell order_type~ qty:d price:d limit_px:d stop_px:d notional_usd:d status:s reason:s filled_qty:d remaining_qty:d avg_price:d time_in_force:s reduce_only:b post_only:b router:s component:s leverage_x:d decision_px:d arrival_mid:d decision_ts:t order_sent_ts:t acked_ts:t expires_ts:t is_dry_run:b is_forced:b signal_source:s order_plan_id:s parent_order_id:s lifecycle_state:s semantic_digest:s rejections:i rejection_reason:s rejection_message:s market_at_rejection:(bid:d,ask:d,spread_bps:d,volume:d,volume_1m:d) retry_attempt:i cycle_id:s cycle_index:i order_id:s client_order_id:s venue_order_id:s intent_id:s decision_id:s risk_decision_id:s correlation_id:s idempotency_key:s',
  execution:
    'side=buy|sell order_type~ qty:d price:d notional_usd:d result:s status:s fee:d fee_asset:s fee_usd:d fee_bps:d liquidity=maker|taker router:s order_id:s client_order_id:s venue_order_id:s intent_id:s decision_id:s risk_decision_id:s correlation_id:s idempotency_key:s venue_fill_id:s fill_id:s decision_ts:t order_sent_ts:t exec_ts:t latency_ms:d ioc_ms:d bar_id_exec:i cycle_id:s cycle_index:i trading_epoch:i decision_px:d order_px:d limit_px:d ref_price:d arrival_mid:d mid:d mark_px:d slip_bps:d slip_usd:d slip_vs_decision_bps:d slip_vs_limit_bps:d impact_usd:d impact_bps:d impact_basis=charged|in_price|modelled cost_usd:d cost_bps_total:d reduce_only:b fill_class:s decision_outcome:s exit_reason:s signal_source:s is_forced:b is_dry_run:b throttle_guard_events:i rejections:i rejection_reason:s rejection_message:s market_at_rejection:(bid:d,ask:d,spread_bps:d,volume:d,volume_1m:d) retry_attempt:i intended_notional_usd:d target_position:d target_qty:d delta_qty:d exch_qty:d position_qty:d position_avg_px:d realized_pnl_usd:d realized_pnl_cum_usd:d unrealized_pnl_usd:d pnl_basis=gross|net_of_closing_fees|net_of_all_costs equity:d leverage_x:d market_data_reference:s portfolio_state_before_hash:s portfolio_state_after_hash:s config_digest:s accounting_output_digest:s fill_input_digest:s canonical_futures_accounting:b',
  costs:
    'side=buy|sell qty:d price:d notional_usd:d fee:d fee_asset:s fee_bps:d fee_usd:d slip_bps:d slip_usd:d impact_k:d impact_bps:d impact_usd:d impact_basis=charged|in_price|modelled adv_ref:d cost_bps_total:d cost_usd:d cost_precision:s cost_gt_notional:b cost_model_version:s rejections:i signal_strength_bps:d net_edge_bps:d edge_check_passed:b veto_reason:s attrib_alpha_usd:d attrib_timing_usd:d attrib_fees_usd:d attrib_impact_usd:d attrib_total_usd:d attrib_total_logged_usd:d pnl_fill_usd:d pnl_bar_usd:d actual_pnl_bps:d counterfactual_pnl_bps:{d} order_id:s client_order_id:s venue_order_id:s intent_id:s decision_id:s risk_decision_id:s correlation_id:s idempotency_key:s',
  cash_flow:
    'kind=funding|deposit|withdrawal|rebate|interest|settlement asset:s amount:d amount_usd:d funding_rate:d position_qty:d mark_px:d is_estimated:b venue_flow_id:s transaction_hash:s note:s',
  risk: 'forecast_vol_20:d target_vol_ann:d raw_score_bps:d position_before:d position_after:d delta_pos:d position_qty:d position_avg_px:d position_age_s:d unrealized_pnl_usd:d realized_pnl_cum_usd:d notional_usd:d notional_target_usd:d exposure_usd:d net_exposure_usd:d utilization:d leverage_x:d margin_used_usd:d margin_available_usd:d liquidation_px:d adv_cap_hit:b overlay_conf:d funding_bias:d risk_score:d guards:[(name:s,passed:b,value:d,limit:d,reason:s)] risk_sizing_result:s safety_mode:s safety_result:s trading_gate:s veto_reason:s evaluation_bound:b hard_risk_reduction:(triggered:b,reason_code:s) safety_exit:(triggered:b,reason_code:s) bridge_enabled:b evaluation_owner:s killstate_active:b killstate_trigger:s max_drawdown:d drawdown_kill_threshold:d price_basis_ok:b regime_ok:b warmup_complete:b blockers:[s] cycle_id:s cycle_index:i decision_id:s risk_decision_id:s intent_id:s',
  equity_curve:
    'equity:d peak_equity:d cash:d drawdown:d max_dd_to_date:d exposure_usd:d position_qty:d position_avg_px:d pnl_total_usd:d realized_pnl_cum_usd:d unrealized_pnl_usd:d pnl_basis=gross|net_of_closing_fees|net_of_all_costs realized_return_bps:d fees_cum_usd:d funding_cum_usd:d slippage_cum_usd:d turnover_usd:d fill_count:i hit_rate:d profit_factor:d positions:j portfolio_state_before_hash:s portfolio_state_after_hash:s cycle_id:s cycle_index:i rev:i retracted:b',
  market:
    'bid:d ask:d bid_qty:d ask_qty:d mid:d mark_px:d index_px:d last:d open:d high:d low:d close:d volume:d spread_bps:d range_bps:d obi_10:d funding_rate:d open_interest:d rv_1h:d hour_bucket:i weekday:i regime:s regime_digest:s default_regime_fallback_active:b sequence:i received_ts:t book_lag_ms:d missing_pct:d dup_bars:i non_monotonic_flag:b canonical_instrument_id:s venue_instrument_id:s mapping_digest:s mark_price_endpoint:s mark_price_field:s instrument:(kind=spot|linear|inverse,base:s,quote:s,settle:s,multiplier:d,lot:d,tick:d) cycle_id:s cycle_index:i',
  external_event:
    'kind:s title:s message:s provider:s url:s severity:s funding_rate:d funding_rate_prev:d funding_rate_change_bps:d liquidation_volume_1m:d side=buy|sell qty:d price:d notional_usd:d value:d',
  cohort_fill:
    'address:s cohort:s coin:s side=buy|sell price:d qty:d notional_usd:d direction:s start_position:d closed_pnl_usd:d fee:d fee_asset:s liquidity=maker|taker venue_fill_id:s venue_order_id:s transaction_hash:s',
  health:
    'session_phase=start|beat|stop emit_reason:s heartbeat_s:d beat:i mono_s:d recent_bars:i exec_count_recent:i mean_p_down:d mean_p_up:d mean_s_model:d funding_stale:b funding_ts:t last_kline_ts:t last_trade_ts:t last_bar_id:i ws_queue_drops:i ws_reconnects:i ws_staleness_ms:d fills_queue_depth:i loop_alive:b latency_ms:d component_status:{s} data_freshness_ok:b model_loaded:b exchange_connected:b equity:d max_dd_to_date:d drawdown:d sharpe_1d:d sharpe_1w:d sortino_1w:d time_in_mkt:d hit_rate_w:d turnover_bps_day:d capacity_participation:d ic_drift:d calibration_drift:d in_band_share:d leakage_flag:b same_bar_roundtrip_flag:b',
  kpi_scorecard:
    'sharpe_1d:d sharpe_1w:d sortino_1w:d max_dd_pct:d turnover_bps_day:d in_band_share:d cost_bps_avg:d hit_rate_w:d win_rate:d trade_count:i gates:{b}',
  latency:
    'feature_calc_ms:d model_inference_ms:d decision_logic_ms:d risk_check_ms:d execution_ms:d total_latency_ms:d stages_ms:{d} cycle_id:s cycle_index:i order_id:s client_order_id:s venue_order_id:s intent_id:s decision_id:s risk_decision_id:s correlation_id:s idempotency_key:s',
  system:
    'event:s component:s level:s message:s is_anomaly:b is_error:b cpu_percent:d memory_mb:d memory_percent:d open_files:i threads:i event_loop_lag_ms:d uptime_s:d disk_free_mb:d host:s pid:i ws_staleness_ms:d ws_reconnects:i ws_queue_drops:i status:s reason:s side=buy|sell qty:d price:d order_id:s client_order_id:s venue_order_id:s correlation_id:s idempotency_key:s decision_id:s call_graph:[s] forced_wiring:b market_data_reference:s price_basis_mid:d cycle_id:s cycle_index:i ai_layer_role:s ai_layer_can_override_decisions:b ai_layer_non_authority:b',
  error:
    'message:s error_type:s code:s stacktrace:s component:s level:s is_anomaly:b is_error:b status:s reason:s retry_attempt:i side=buy|sell|hold qty:d price:d log_type:s original_record:j cycle_id:s cycle_index:i order_id:s client_order_id:s venue_order_id:s intent_id:s decision_id:s risk_decision_id:s correlation_id:s idempotency_key:s',
  repro:
    'git_sha:s model_id:s model_version:s manifest_id:s feature_version:s seed:i train_start:t train_end:t hyperparams_hash:s data_hash:s config_hash:s adv_method:s',
  quarantine: 'reason:s detail:s target:s raw:s raw_bytes:i',
};

/** Names of the streams that only Nightdesk writes. */
export const DERIVED_STREAMS: readonly string[] = [
  'trade_lifecycle',
  'order_lifecycle',
  'session',
  'snapshot',
  'reconciliation',
  'alert',
];
